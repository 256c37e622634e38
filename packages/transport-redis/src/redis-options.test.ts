import { describe, expect, test } from 'vitest';
import { readOptions, readQuery, redisConfig, type RedisOptions } from './redis-options.js';
import { createTransport } from './redis-transport.js';

describe('options of the Redis transport', () => {
  test("are understood in Kombu's spelling too", () => {
    const options = readOptions({ visibility_timeout: 60, globalKeyprefix: 'shop:', queue_order_strategy: 'sorted' });
    expect(redisConfig(options)).toMatchObject({
      visibilityTimeoutMs: 60_000,
      queueOrder: 'sorted',
      keys: { prefix: 'shop:', prioritySteps: [0, 3, 6, 9], separator: '\x06\x16', unackedKey: 'unacked' },
    });
  });

  test.each([
    [{ visibilty_timeout: 1 }, "Did you mean 'visibilityTimeout'?"],
    [{ prioritySteps: [0, 12] }, "'prioritySteps' must be"],
    [{ leaseDuration: '1ms' }, "'leaseDuration' must be"],
    [{ sep: '' }, "'sep' must be"],
    [{ queue_order_strategy: 'kombu.utils.scheduling.FairCycle' }, "'queueOrderStrategy' must be"],
    [{ queueOrderStrategy: 'constructor' }, "'queueOrderStrategy' must be"],
    [{ body_encoding: 'latin-1' }, "'bodyEncoding' must be"],
    [{ unacked_restore_limit: 0 }, "'unackedRestoreLimit' must be"],
    [{ unacked_restore_throttle: 1.5 }, "'unackedRestoreThrottle' must be"],
    [{ unacked_restore_interval: 0 }, "'unackedRestoreInterval' must be"],
    [{ ack_emulation: 'no' }, "'ackEmulation' must be"],
  ])('%j is refused', (options, problem) => {
    expect(() => redisConfig(readOptions(options))).toThrow(problem);
  });

  test('retry_on_timeout of Kombu is refused, with what there is instead', () => {
    expect(() => redisConfig(readOptions({ retry_on_timeout: true }))).toThrow('the retry policy');
  });

  test("for how often Python's messages are returned are Kombu's, each with the other's default", () => {
    const everyMs = (options: RedisOptions): number | undefined => redisConfig(options).restoreEveryMs;
    expect(everyMs({})).toBeUndefined();
    expect(everyMs({ unackedRestoreInterval: 2 })).toBe(20_000);
    expect(everyMs({ unackedRestoreThrottle: 1 })).toBe(10_000);
    expect(everyMs({ unackedRestoreInterval: '5s', unackedRestoreThrottle: 3 })).toBe(15_000);
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
