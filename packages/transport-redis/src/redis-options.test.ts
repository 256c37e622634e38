import { describe, expect, test } from 'vitest';
import { readOptions, readQuery, redisConfig } from './redis-options.js';
import { createTransport } from './redis-transport.js';

describe('options of the Redis transport', () => {
  test("are understood in Kombu's spelling too", () => {
    const options = readOptions({ visibility_timeout: 60, globalKeyprefix: 'shop:', queue_order_strategy: 'sorted' });
    expect(redisConfig(options)).toMatchObject({
      visibilityTimeoutMs: 60_000,
      takesTurns: false,
      keys: { prefix: 'shop:', prioritySteps: [0, 3, 6, 9], separator: '\x06\x16', unackedKey: 'unacked' },
    });
  });

  test.each([
    [{ visibilty_timeout: 1 }, "Did you mean 'visibilityTimeout'?"],
    [{ prioritySteps: [0, 12] }, "'prioritySteps' must be"],
    [{ leaseDuration: '1ms' }, "'leaseDuration' must be"],
    [{ sep: '' }, "'sep' must be"],
  ])('%j is refused', (options, problem) => {
    expect(() => redisConfig(readOptions(options))).toThrow(problem);
  });

  test('may be in the URL, and an unknown one is refused there too', () => {
    expect(readQuery({ visibility_timeout: '60', fanout_patterns: 'false', priority_steps: '0,5' })).toEqual({
      visibilityTimeout: 60,
      fanoutPatterns: false,
      prioritySteps: [0, 5],
    });
    expect(createTransport('redis://:secret@h/2?lease_duration=5s').url).toBe('redis://:***@h:6379/2');
    expect(() => createTransport('redis://h?lease=5s')).toThrow("redis has no option 'lease'");
  });
});
