import { RedisScript } from '@ctq/redis';

/**
 * Settles what this holder holds: acknowledgements first, then the others in their order. A tag that is no longer in `unacked` was restored by
 * somebody (its lease ran out, or Kombu's visibility timeout): its settlement has no effect.
 *
 * - KEYS: unacked, unacked index, held by this holder; then what operations refer to (lists, delayed sets)
 * - ARGV: number of acknowledgements; for each its tag and its member of the held set; then for each operation: `front`, `back` or `park`, tag,
 *   member, index of its key, envelope or due time in ms
 * - returns the tags that were lost
 */
export const settleScript: RedisScript = new RedisScript(`
local lost, tags, members = {}, {}, {}
local at = 2
for _ = 1, tonumber(ARGV[1]) do
  local tag = ARGV[at]
  if redis.call('HDEL', KEYS[1], tag) == 0 then lost[#lost + 1] = tag end
  tags[#tags + 1] = tag
  members[#members + 1] = ARGV[at + 1]
  at = at + 2
end
if #tags > 0 then
  redis.call('ZREM', KEYS[2], unpack(tags))
  redis.call('SREM', KEYS[3], unpack(members))
end
while at <= #ARGV do
  local kind, tag, member, key, value = ARGV[at], ARGV[at + 1], ARGV[at + 2], KEYS[3 + ARGV[at + 3]], ARGV[at + 4]
  at = at + 5
  redis.call('SREM', KEYS[3], member)
  if kind == 'park' then
    if redis.call('HEXISTS', KEYS[1], tag) == 1 then
      redis.call('ZADD', KEYS[2], tonumber(value) / 1000, tag)
      redis.call('ZADD', key, value, tag)
    else
      lost[#lost + 1] = tag
    end
  elseif redis.call('HDEL', KEYS[1], tag) == 1 then
    redis.call('ZREM', KEYS[2], tag)
    redis.call(kind == 'front' and 'RPUSH' or 'LPUSH', key, value)
  else
    lost[#lost + 1] = tag
  end
end
return lost
`);
