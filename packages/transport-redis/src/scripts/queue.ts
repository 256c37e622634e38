import { RedisScript } from '@ctq/redis';

/**
 * A look at some queues, which client tracking remembers: the next change of one of the keys is announced.
 *
 * - KEYS: leases, unacked index, expiries, era; tables of bindings; the delayed set of each queue; the lists of each
 * - ARGV: number of tables, number of queues, Kombu's visibility timeout in seconds
 * - returns: 1 when something waits, else 0; the time in ms until the next parked message is due, or -1; the time in ms until something may have to be swept
 *   (what is held, queues that expire), or -1; the era, and how many there are in each table
 */
export const glanceScript: RedisScript = new RedisScript(`
local tables, queues, waiting, due, overdue = tonumber(ARGV[1]), tonumber(ARGV[2]), 0, -1, -1
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function sooner(known, score, add)
  if not score then return known end
  local left = math.max(math.floor(tonumber(score) + add - now), 0)
  if known == -1 or left < known then return left end
  return known
end
local function first(key) return redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')[2] end
overdue = sooner(overdue, first(KEYS[1]), 0)
local booked = first(KEYS[2])
if booked then overdue = sooner(overdue, tonumber(booked) * 1000, ARGV[3] * 1000) end
overdue = sooner(overdue, first(KEYS[3]), 0)
local bindings = { redis.call('GET', KEYS[4]) or '' }
for at = 5, tables + 4 do bindings[#bindings + 1] = redis.call('SCARD', KEYS[at]) end
for at = tables + 5, tables + queues + 4 do due = sooner(due, first(KEYS[at]), 0) end
for at = tables + queues + 5, #KEYS do
  if redis.call('LLEN', KEYS[at]) > 0 then waiting = 1 end
end
return { waiting, due, overdue, bindings }
`);

/**
 * How much there is of a queue. What is held is counted over all holders, of whom there are as many as consuming connections.
 *
 * - KEYS: leases, delayed set, the queue's lists
 * - ARGV: queue, prefix of the keys of held sets
 * - returns: waiting, parked, held
 */
export const sizeScript: RedisScript = new RedisScript(`
local waiting, held = 0, 0
for list = 3, #KEYS do waiting = waiting + redis.call('LLEN', KEYS[list]) end
local ending = ' ' .. ARGV[1]
for _, holder in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  for _, member in ipairs(redis.call('SMEMBERS', ARGV[2] .. holder)) do
    if string.sub(member, -string.len(ending)) == ending then held = held + 1 end
  end
end
return { waiting, redis.call('ZCARD', KEYS[2]), held }
`);

/**
 * Deletes what waits and what is parked.
 *
 * - KEYS: unacked, unacked index, delayed set, the queue's lists
 * - returns how many messages there were
 */
export const purgeScript: RedisScript = new RedisScript(`
local count = redis.call('ZCARD', KEYS[3])
for _, tag in ipairs(redis.call('ZRANGE', KEYS[3], 0, -1)) do
  redis.call('HDEL', KEYS[1], tag)
  redis.call('ZREM', KEYS[2], tag)
end
redis.call('DEL', KEYS[3])
for list = 4, #KEYS do
  count = count + redis.call('LLEN', KEYS[list])
  redis.call('DEL', KEYS[list])
end
return count
`);

/**
 * Takes from all holders what they hold of a queue; settling it has no effect then.
 *
 * - KEYS: leases, unacked, unacked index
 * - ARGV: queue, prefix of the keys of held sets
 */
export const dropHeldScript: RedisScript = new RedisScript(`
local ending = ' ' .. ARGV[1]
for _, holder in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local held = ARGV[2] .. holder
  for _, member in ipairs(redis.call('SMEMBERS', held)) do
    if string.sub(member, -string.len(ending)) == ending then
      local tag = string.match(member, '^%S+')
      redis.call('HDEL', KEYS[2], tag)
      redis.call('ZREM', KEYS[3], tag)
      redis.call('SREM', held, member)
    end
  end
end
return 0
`);
