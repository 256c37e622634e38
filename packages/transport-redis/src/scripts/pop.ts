import { RedisScript } from '@ctq/redis';

/**
 * Takes messages, most urgent first, and books them as Kombu does for each (kombu 5.6 transport/redis.py, QoS.append), in one atomic step: no
 * message is ever in nobody's hands. Each delivery has a tag of its own, so that a late settlement never touches the next holder's booking.
 *
 * The entry's route is the queue it was taken from, so that whoever restores it (Kombu too) puts it back there. Its score is the end of the lease:
 * Kombu counts its visibility timeout from then on, and leaves alone what is renewed.
 *
 * - KEYS: unacked, unacked index, held by this holder, leases; the delayed set of each queue; the lists, step by step
 * - ARGV: limit, 1 for no acknowledgements, tag prefix, tags made so far, holder, lease in ms, number of queues; each queue as JSON; each queue plain
 * - returns for each message: tag (empty without acknowledgements), index of the queue, envelope
 */
export const popScript: RedisScript = new RedisScript(`
local limit, unheld, prefix, made = tonumber(ARGV[1]), ARGV[2] == '1', ARGV[3], tonumber(ARGV[4])
local holder, lease, queues = ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local expiry = now + lease
local reply, entries, scores, held = {}, {}, {}, {}
local left = limit

local function take(envelope, queue)
  left = left - 1
  if unheld then
    reply[#reply + 1] = ''
  else
    made = made + 1
    local tag = prefix .. made
    entries[#entries + 1] = tag
    entries[#entries + 1] = '[' .. envelope .. ',"",' .. ARGV[7 + queue] .. ']'
    scores[#scores + 1] = expiry / 1000
    scores[#scores + 1] = tag
    held[#held + 1] = tag .. ' ' .. ARGV[7 + queues + queue]
    reply[#reply + 1] = tag
  end
  reply[#reply + 1] = queue - 1
  reply[#reply + 1] = envelope
end

for queue = 1, queues do
  if left > 0 then
    local delayed = KEYS[4 + queue]
    for _, tag in ipairs(redis.call('ZRANGEBYSCORE', delayed, '-inf', now, 'LIMIT', 0, left)) do
      local entry = redis.call('HGET', KEYS[1], tag)
      redis.call('ZREM', delayed, tag)
      if entry then
        redis.call('HDEL', KEYS[1], tag)
        redis.call('ZREM', KEYS[2], tag)
        take(string.sub(entry, 2, -(string.len(ARGV[7 + queue]) + 6)), queue)
      end
    end
  end
end

for list = 5 + queues, #KEYS do
  if left > 0 then
    local envelopes = redis.call('RPOP', KEYS[list], left)
    if envelopes then
      local queue = (list - 5) % queues + 1
      for _, envelope in ipairs(envelopes) do take(envelope, queue) end
    end
  end
end

if #held > 0 then
  redis.call('HSET', KEYS[1], unpack(entries))
  redis.call('ZADD', KEYS[2], unpack(scores))
  redis.call('SADD', KEYS[3], unpack(held))
  redis.call('ZADD', KEYS[4], expiry, holder)
end

return reply
`);
