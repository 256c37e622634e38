import { RedisScript } from '@ctq/redis';

/**
 * Extends the lease of a holder and, for Kombu's visibility timeout, of each of its messages. Also when the server's memory is full: a script that has
 * written something that is allowed then (every deletion is, also of nothing) may go on.
 *
 * - KEYS: leases, held by the holder, unacked index
 * - ARGV: holder, lease in ms
 */
export const renewScript: RedisScript = new RedisScript(`
redis.call('ZREM', KEYS[1], '')
local time = redis.call('TIME')
local expiry = time[1] * 1000 + math.floor(time[2] / 1000) + tonumber(ARGV[2])
redis.call('ZADD', KEYS[1], expiry, ARGV[1])
for _, member in ipairs(redis.call('SMEMBERS', KEYS[2])) do
  redis.call('ZADD', KEYS[3], 'XX', expiry / 1000, string.match(member, '^%S+'))
end
return expiry
`);

/**
 * What there is to sweep.
 *
 * - KEYS: leases, unacked index
 * - ARGV: Kombu's visibility timeout in seconds, the most tags of Kombu's to return
 * - returns: holders whose lease has run out, and tags whose visibility timeout has passed
 */
export const overdueScript: RedisScript = new RedisScript(`
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
return {
  redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now),
  redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now / 1000 - tonumber(ARGV[1]), 'LIMIT', 0, ARGV[2]),
}
`);

/**
 * Returns messages of a holder whose lease has run out; of nobody's when the holder is empty. Those that were settled or restored meanwhile are passed over.
 * One that was published to several queues is given once for each.
 *
 * - KEYS: leases, unacked, unacked index, held by the holder; then the lists
 * - ARGV: holder; for each message: tag, member of the held set, index of its list, envelope
 * - returns how many went back
 */
export const restoreScript: RedisScript = new RedisScript(`
local holder, count, last, isOurs = ARGV[1], 0, '', false
if holder ~= '' then
  local time = redis.call('TIME')
  local expiry = redis.call('ZSCORE', KEYS[1], holder)
  if expiry and tonumber(expiry) > time[1] * 1000 + math.floor(time[2] / 1000) then return 0 end
end
for at = 2, #ARGV, 4 do
  local tag = ARGV[at]
  if tag ~= last then isOurs = redis.call('HDEL', KEYS[2], tag) == 1 end
  last = tag
  if isOurs then
    redis.call('RPUSH', KEYS[4 + ARGV[at + 2]], ARGV[at + 3])
    count = count + 1
  end
  redis.call('ZREM', KEYS[3], tag)
  redis.call('SREM', KEYS[4], ARGV[at + 1])
end
if holder ~= '' and redis.call('SCARD', KEYS[4]) == 0 then redis.call('ZREM', KEYS[1], holder) end
return count
`);

/**
 * Ends the lease of a holder that holds nothing.
 *
 * - KEYS: leases, held by the holder
 * - ARGV: holder
 */
export const endLeaseScript: RedisScript = new RedisScript(`
if redis.call('SCARD', KEYS[2]) == 0 then redis.call('ZREM', KEYS[1], ARGV[1]) end
return 0
`);
