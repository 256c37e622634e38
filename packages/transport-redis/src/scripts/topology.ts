import { RedisScript } from '@ctq/redis';

/** Notes that a queue with an `x-expires` is in use. Needs `now`, in ms. */
const useQueue = `
local function use(expiries, queue, expires, firstList, lastList)
  redis.call('ZADD', expiries, now + expires, queue)
  for list = firstList, lastList do redis.call('PEXPIRE', KEYS[list], expires) end
end
`;

/** Forgets a queue and its bindings, those that Python programs made of it too. */
const forgetQueue = `
local function forget(queues, expiries, bound, queue, separator, bindings, lasting)
  redis.call('HDEL', queues, queue)
  redis.call('ZREM', expiries, queue)
  local ending, seen = separator .. queue, {}
  for _, member in ipairs(redis.call('SMEMBERS', bound)) do
    local exchange = string.sub(member, 1, (string.find(member, separator, 1, true) or 0) - 1)
    if not seen[exchange] then
      seen[exchange] = true
      for _, binding in ipairs(redis.call('SMEMBERS', bindings .. exchange)) do
        if string.sub(binding, -string.len(ending)) == ending then
          redis.call('SREM', bindings .. exchange, binding)
          redis.call('SREM', lasting .. exchange, binding)
        end
      end
    end
  end
  redis.call('DEL', bound)
end
`;

const readClock = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`;

/**
 * Declares a queue with an `x-expires`, which is a use of it.
 *
 * - KEYS: queues, expiries; the queue's lists
 * - ARGV: queue, declaration, `x-expires` in ms
 */
export const saveExpiringQueueScript: RedisScript = new RedisScript(`${readClock}${useQueue}
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
use(KEYS[2], ARGV[1], tonumber(ARGV[3]), 3, #KEYS)
return 0
`);

/**
 * Notes that a queue with an `x-expires` is in use (kombu 5.7 transport/redis.py, _maybe_update_queues_expire).
 *
 * - KEYS: queues, expiries; the queue's lists
 * - ARGV: queue, `x-expires` in ms
 * - returns 0 when nobody has declared the queue, or it went meanwhile
 */
export const touchQueueScript: RedisScript = new RedisScript(`${readClock}${useQueue}
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return 0 end
use(KEYS[2], ARGV[1], tonumber(ARGV[2]), 3, #KEYS)
return 1
`);

/**
 * Queues whose `x-expires` has passed, as far as ctq programs know.
 *
 * - KEYS: expiries
 */
export const overdueQueuesScript: RedisScript = new RedisScript(`${readClock}
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, 100)
`);

/**
 * Deletes a queue whose `x-expires` has passed, with its bindings and messages. A list of it that has time left was used by somebody, a
 * Python program perhaps: the queue stays for as long as that.
 *
 * - KEYS: queues, expiries, what it is bound to, unacked, unacked index, delayed set; the queue's lists
 * - ARGV: queue, separator, prefixes of the keys of binding sets and of those of lasting bindings
 * - returns 1 when it was deleted
 */
export const dropUnusedQueueScript: RedisScript = new RedisScript(`${readClock}${forgetQueue}
local queue = ARGV[1]
local deadline = redis.call('ZSCORE', KEYS[2], queue)
if not deadline or tonumber(deadline) > now then return 0 end
local left = 0
for list = 7, #KEYS do left = math.max(left, redis.call('PTTL', KEYS[list])) end
if left > 0 then
  redis.call('ZADD', KEYS[2], now + left, queue)
  return 0
end
forget(KEYS[1], KEYS[2], KEYS[3], queue, ARGV[2], ARGV[3], ARGV[4])
for _, tag in ipairs(redis.call('ZRANGE', KEYS[6], 0, -1)) do
  redis.call('HDEL', KEYS[4], tag)
  redis.call('ZREM', KEYS[5], tag)
end
for key = 6, #KEYS do redis.call('DEL', KEYS[key]) end
return 1
`);

/**
 * Forgets a queue and its bindings.
 *
 * - KEYS: queues, expiries, what it is bound to
 * - ARGV: queue, separator, prefixes of the keys of binding sets and of those of lasting bindings
 */
export const deleteQueueScript: RedisScript = new RedisScript(`${forgetQueue}
forget(KEYS[1], KEYS[2], KEYS[3], ARGV[1], ARGV[2], ARGV[3], ARGV[4])
return 0
`);

/**
 * Forgets an exchange and its bindings.
 *
 * - KEYS: exchanges, its bindings, those that last, Kombu's deadlines
 * - ARGV: exchange, separator, prefix of the keys of what queues are bound to
 */
export const deleteExchangeScript: RedisScript = new RedisScript(`
local exchange, separator = ARGV[1], ARGV[2]
for _, binding in ipairs(redis.call('SMEMBERS', KEYS[2])) do
  local key, queue = string.sub(binding, 1, (string.find(binding, separator, 1, true) or 0) - 1), nil
  local at = 1
  repeat
    local first, last = string.find(binding, separator, at, true)
    if last then at = last + 1 end
    queue = string.sub(binding, at)
  until not first
  redis.call('SREM', ARGV[3] .. queue, exchange .. separator .. key)
end
redis.call('HDEL', KEYS[1], exchange)
redis.call('DEL', KEYS[2], KEYS[3])
redis.call('ZREM', KEYS[4], exchange)
return 0
`);

/**
 * Binds a queue with an `x-expires`, or tells that it is still consumed from, as Kombu does (kombu 5.7 transport/redis.py, REFRESH_BINDING): the
 * table gets no time to live, but a deadline after which Kombu sweeps it.
 *
 * - KEYS: bindings, those that last, Kombu's deadlines, what the queue is bound to
 * - ARGV: member, exchange, time until the deadline in ms, member of what the queue is bound to
 */
export const bindExpiringScript: RedisScript = new RedisScript(`${readClock}
redis.call('SADD', KEYS[1], ARGV[1])
redis.call('SREM', KEYS[2], ARGV[1])
redis.call('ZADD', KEYS[3], 'GT', now + tonumber(ARGV[3]), ARGV[2])
redis.call('SADD', KEYS[4], ARGV[4])
return 0
`);

/**
 * Removes bindings of one queue, exchange and routing key: of the pattern of a topic exchange there are several spellings.
 *
 * - KEYS: bindings, those that last, what the queue is bound to
 * - ARGV: what members begin and end with, member of what the queue is bound to
 */
export const unbindScript: RedisScript = new RedisScript(`
local from, to = ARGV[1], ARGV[2]
for _, member in ipairs(redis.call('SMEMBERS', KEYS[1])) do
  if string.sub(member, 1, string.len(from)) == from and string.sub(member, -string.len(to)) == to then
    redis.call('SREM', KEYS[1], member)
    redis.call('SREM', KEYS[2], member)
  end
end
redis.call('SREM', KEYS[3], ARGV[3])
return 0
`);

/**
 * Which of the given bindings are gone although no ctq program has unbound them: all of them where the database was emptied.
 *
 * - KEYS: era; for each binding its table and what its queue is bound to
 * - ARGV: the era in which they were made; for each its member in the one and in the other
 * - returns 1 for an emptied database, then indices of bindings
 */
export const lostBindingsScript: RedisScript = new RedisScript(`
local wasEmptied = redis.call('GET', KEYS[1]) ~= ARGV[1]
local lost = { wasEmptied and 1 or 0 }
for at = 2, #KEYS, 2 do
  if wasEmptied or
    (redis.call('SISMEMBER', KEYS[at], ARGV[at]) == 0 and redis.call('SISMEMBER', KEYS[at + 1], ARGV[at + 1]) == 1)
  then lost[#lost + 1] = at / 2 - 1 end
end
return lost
`);
