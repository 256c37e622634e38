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
 * - returns runs of messages: index of the queue, its envelopes. Tags count up from those made so far, over all runs.
 */
export const popScript: RedisScript = new RedisScript(`
local call = redis.call
local limit, unheld, prefix, made = tonumber(ARGV[1]), ARGV[2] == '1', ARGV[3], tonumber(ARGV[4])
local holder, lease, queues = ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7])
local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local expiry = now + lease
local score = string.format('%.3f', expiry / 1000)
local reply, entries, scores, held = {}, {}, {}, {}
local left = limit

local function take(envelopes, queue)
  left = left - #envelopes
  reply[#reply + 1] = queue - 1
  reply[#reply + 1] = envelopes
  if unheld then return end
  local route, member = ',"",' .. ARGV[7 + queue] .. ']', ' ' .. ARGV[7 + queues + queue]
  local at = #scores
  for _, envelope in ipairs(envelopes) do
    made = made + 1
    local tag = prefix .. made
    entries[at + 1] = tag
    entries[at + 2] = '[' .. envelope .. route
    scores[at + 1] = score
    scores[at + 2] = tag
    held[#held + 1] = tag .. member
    at = at + 2
  end
end

for queue = 1, queues do
  if left > 0 then
    local delayed, due = KEYS[4 + queue], {}
    for _, tag in ipairs(call('ZRANGEBYSCORE', delayed, '-inf', now, 'LIMIT', 0, left)) do
      local entry = call('HGET', KEYS[1], tag)
      call('ZREM', delayed, tag)
      if entry then
        call('HDEL', KEYS[1], tag)
        call('ZREM', KEYS[2], tag)
        due[#due + 1] = string.sub(entry, 2, -(string.len(ARGV[7 + queue]) + 6))
      end
    end
    if #due > 0 then take(due, queue) end
  end
end

for list = 5 + queues, #KEYS do
  if left > 0 then
    local envelopes = call('RPOP', KEYS[list], left)
    if envelopes then take(envelopes, (list - 5) % queues + 1) end
  end
end

if #held > 0 then
  call('HSET', KEYS[1], unpack(entries))
  call('ZADD', KEYS[2], unpack(scores))
  call('SADD', KEYS[3], unpack(held))
  call('ZADD', KEYS[4], expiry, holder)
end

return reply
`);
