import { RedisScript } from '@ctq/redis';

/**
 * Counts a member that was added to a chord where Celery counts it (celery 5.6 backends/redis.py, add_to_chord: `.t` is added to the size), once per task. Where the counter
 * is gone the chord was closed, by Python perhaps, who knows nothing of the set.
 *
 * - KEYS: Celery's counter; the tasks that are in it
 * - ARGV: the task's id; time to live in s or 0
 */
export const growChordScript: RedisScript = new RedisScript(`
local call, counter, added = redis.call, KEYS[1], KEYS[2]
if call('EXISTS', counter) == 0 then call('DEL', added) end
local isNew = call('SADD', added, ARGV[1])
if isNew == 1 then call('INCR', counter) end
if ARGV[2] ~= '0' then
  call('EXPIRE', counter, ARGV[2])
  call('EXPIRE', added, ARGV[2])
end
return isNew
`);

/**
 * Takes that back.
 *
 * - KEYS: Celery's counter; the tasks that are in it
 * - ARGV: the task's id
 */
export const shrinkChordScript: RedisScript = new RedisScript(`
if redis.call('SREM', KEYS[2], ARGV[1]) == 1 then redis.call('DECR', KEYS[1]) end
return 0
`);
