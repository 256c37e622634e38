import { RedisScript } from '@ctq/redis';

/**
 * Stores and tells of results in one step (celery 5.6 backends/redis.py, _set). A stored SUCCESS stays: `status` is the first member of the documents that
 * Celery and ctq write as JSON and msgpack, and a line of its own in those of YAML.
 *
 * - KEYS: the key of each result
 * - ARGV: time to live in ms or 0; the document of each
 */
export const storeResultsScript: RedisScript = new RedisScript(`
local call, ttl = redis.call, ARGV[1]
local function set(key, document, ...)
  if ttl == '0' then return call('SET', key, document, ...) end
  return call('SET', key, document, 'PX', ttl, ...)
end
local function isSuccess(document)
  return string.find(document, '^{"status": ?"SUCCESS"')
    or string.find(string.sub(document, 1, 20), '\\166status\\167SUCCESS', 1, true)
    or string.find('\\n' .. document, '\\nstatus: SUCCESS\\n', 1, true)
end
for at, key in ipairs(KEYS) do
  local document = ARGV[at + 1]
  local isNew = set(key, document, 'NX')
  if isNew or not isSuccess(call('GET', key) or '') then
    if not isNew then set(key, document) end
    call('PUBLISH', key, document)
  end
end
return 0
`);
