import { RedisScript } from '@ctq/redis';

/**
 * Stores and tells of results in one step (celery 5.6 backends/redis.py, _set). A stored SUCCESS stays: `status` is the first member of the documents that
 * Celery and ctq write as JSON.
 *
 * - KEYS: the key of each result
 * - ARGV: time to live in ms or 0; the document of each
 */
export const storeResultsScript: RedisScript = new RedisScript(`
for at, key in ipairs(KEYS) do
  local document = ARGV[at + 1]
  local stored = redis.call('GET', key)
  if not (stored and string.find(stored, '^{"status": ?"SUCCESS"')) then
    if ARGV[1] == '0' then redis.call('SET', key, document) else redis.call('SET', key, document, 'PX', ARGV[1]) end
    redis.call('PUBLISH', key, document)
  end
end
return 0
`);
