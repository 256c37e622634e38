import { RedisScript } from '@ctq/redis';

/**
 * Adds parts to the header of a chord as Celery does (celery 5.6 backends/redis.py, on_chord_part_return), those of one turn in one step. For each it tells how many
 * there are with it, so that exactly one brings them to the size.
 *
 * - KEYS: the parts; Celery's counter of added members; the size
 * - ARGV: time to live in s or 0; `1` for parts by their index, `0` for a list in the order of completion; then of each part its index and its document
 * - reply: how many there were after each; the counter; the size
 */
export const addPartsScript: RedisScript = new RedisScript(`
local call, parts, extra, size = redis.call, KEYS[1], KEYS[2], KEYS[3]
local counts = {}
for at = 3, #ARGV, 2 do
  if ARGV[2] == '1' then
    call('ZADD', parts, ARGV[at], ARGV[at + 1])
    counts[#counts + 1] = call('ZCOUNT', parts, '-inf', '+inf')
  else
    call('LREM', parts, 0, ARGV[at + 1])
    counts[#counts + 1] = call('RPUSH', parts, ARGV[at + 1])
  end
end
if ARGV[1] ~= '0' then
  for _, key in ipairs(KEYS) do call('EXPIRE', key, ARGV[1]) end
end
return { counts, call('GET', extra), call('GET', size) }
`);
