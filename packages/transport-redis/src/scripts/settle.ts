import { RedisScript } from '@ctq/redis';

/**
 * Settles what this holder holds: acknowledgements first, then the others in their order. A tag that is no longer in `unacked` was restored by
 * somebody (its lease ran out, or Kombu's visibility timeout): its settlement has no effect.
 *
 * - KEYS: unacked, unacked index, held by this holder; then what operations refer to (lists, delayed sets)
 * - ARGV: number of acknowledgements, their tags, their members of the held set; then for each operation: `front`, `back` or `park`, tag,
 *   member, index of its key, envelope or due time in ms
 * - returns the tags that were lost
 */
export const settleScript: RedisScript = new RedisScript(`
local call, lost = redis.call, {}
local acks = tonumber(ARGV[1])
if acks > 0 then
  if call('HDEL', KEYS[1], unpack(ARGV, 2, acks + 1)) < acks then
    -- Whoever restores a message takes it from both.
    for at, score in ipairs(call('ZMSCORE', KEYS[2], unpack(ARGV, 2, acks + 1))) do
      if not score then lost[#lost + 1] = ARGV[at + 1] end
    end
  end
  call('ZREM', KEYS[2], unpack(ARGV, 2, acks + 1))
  call('SREM', KEYS[3], unpack(ARGV, acks + 2, 2 * acks + 1))
end
for at = 2 * acks + 2, #ARGV, 5 do
  local kind, tag, member, key, value = ARGV[at], ARGV[at + 1], ARGV[at + 2], KEYS[3 + ARGV[at + 3]], ARGV[at + 4]
  call('SREM', KEYS[3], member)
  if kind == 'park' then
    if call('HEXISTS', KEYS[1], tag) == 1 then
      call('ZADD', KEYS[2], tonumber(value) / 1000, tag)
      call('ZADD', key, value, tag)
    else
      lost[#lost + 1] = tag
    end
  elseif call('HDEL', KEYS[1], tag) == 1 then
    call('ZREM', KEYS[2], tag)
    call(kind == 'front' and 'RPUSH' or 'LPUSH', key, value)
  else
    lost[#lost + 1] = tag
  end
end
return lost
`);
