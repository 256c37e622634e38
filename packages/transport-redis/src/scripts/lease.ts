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
 * Holders whose lease has run out.
 *
 * - KEYS: leases
 */
export const expiredLeasesScript: RedisScript = new RedisScript(`
local time = redis.call('TIME')
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', time[1] * 1000 + math.floor(time[2] / 1000))
`);

/**
 * Tags whose visibility timeout has passed, the youngest first.
 *
 * - KEYS: unacked index
 * - ARGV: the timeout in seconds, the most to return
 */
export const overdueScript: RedisScript = new RedisScript(`
local now = redis.call('TIME')
return redis.call('ZREVRANGEBYSCORE', KEYS[1], now[1] + now[2] / 1000000 - tonumber(ARGV[1]), '-inf', 'LIMIT', 0, ARGV[2])
`);

/**
 * Has the visibility timeout of messages begin anew.
 *
 * - KEYS: unacked index
 * - ARGV: tags
 */
export const putOffScript: RedisScript = new RedisScript(`
local now = redis.call('TIME')
for _, tag in ipairs(ARGV) do redis.call('ZADD', KEYS[1], 'XX', now[1] + now[2] / 1000000, tag) end
return 0
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

/**
 * Lets others restore again, if it was this process that kept them from it (redis-py lock.py, as Kombu's Mutex).
 *
 * - KEYS: mutex
 * - ARGV: token
 */
export const releaseMutexScript: RedisScript = new RedisScript(`
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
`);
