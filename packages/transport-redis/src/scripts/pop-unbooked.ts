import { RedisScript } from '@ctq/redis';

/**
 * Takes messages, most urgent first, without booking them anywhere.
 *
 * - KEYS: the lists of the queues, step by step
 * - ARGV: limit, number of queues
 * - returns for each message: index of the queue, envelope
 */
export const popUnbookedScript: RedisScript = new RedisScript(`
local left, queues, reply = tonumber(ARGV[1]), tonumber(ARGV[2]), {}
for list = 1, #KEYS do
  local envelopes = left > 0 and redis.call('RPOP', KEYS[list], left)
  if envelopes then
    for _, envelope in ipairs(envelopes) do
      reply[#reply + 1] = (list - 1) % queues
      reply[#reply + 1] = envelope
    end
    left = left - #envelopes
  end
end
return reply
`);
