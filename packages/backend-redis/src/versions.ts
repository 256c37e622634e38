import { RedisScript } from '@ctq/redis';

/** The counter that all versions come from: a version is never given twice, over whatever happens to its key. */
export function versionsIn(globalKeyprefix: string): string {
  return `${globalKeyprefix}ctq.versions`;
}

/** Where the version of a key stands, as long as somebody asks for it. */
export function versionOf(key: string): string {
  return `${key}\x00version`;
}

/**
 * The value with its version, which is made when there is none (somebody set the key without one).
 *
 * - KEYS: key, its version, the counter
 */
export const getVersionedScript: RedisScript = new RedisScript(`
local value = redis.call('GET', KEYS[1])
if not value then return nil end
local version = redis.call('GET', KEYS[2])
if not version then
  version = redis.call('INCR', KEYS[3])
  redis.call('SET', KEYS[2], version)
  local left = redis.call('PTTL', KEYS[1])
  if left > 0 then redis.call('PEXPIRE', KEYS[2], left) end
end
return { value, tostring(version) }
`);

/**
 * Sets the value if its version is the expected one; 0 is that of a key that does not exist.
 *
 * - KEYS: key, its version, the counter
 * - ARGV: expected version, value, time to live in ms or 0
 * - returns the new version, or 0
 */
export const compareAndSetScript: RedisScript = new RedisScript(`
local current = '0'
if redis.call('EXISTS', KEYS[1]) == 1 then current = redis.call('GET', KEYS[2]) or 'unknown' end
if current ~= ARGV[1] then return 0 end
local version = redis.call('INCR', KEYS[3])
if ARGV[3] == '0' then
  redis.call('SET', KEYS[1], ARGV[2])
  redis.call('SET', KEYS[2], version)
else
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
  redis.call('SET', KEYS[2], version, 'PX', ARGV[3])
end
redis.call('PUBLISH', KEYS[1], ARGV[2])
return version
`);

/**
 * Deletes the value if its version is the expected one.
 *
 * - KEYS: key, its version
 * - ARGV: expected version
 * - returns 1 when it did
 */
export const compareAndDeleteScript: RedisScript = new RedisScript(`
if redis.call('EXISTS', KEYS[1]) == 0 or redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1], KEYS[2])
return 1
`);
