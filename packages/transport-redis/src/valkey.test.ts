import { transportConformance } from '@ctq/messaging/conformance';
import { findProgram, type PrivateRedis, startRedisServer } from '@ctq/test-services';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { redis } from './redis-transport.js';

/** Not every distribution has it: where it is installed, it is tried. */
const installed = ['valkey-server'].filter((program) => findProgram(program) !== undefined);

describe('Valkey', () => {
  test('is reached by its own schemes', () => {
    expect([redis({ url: 'valkey://h/1' }).url, redis({ url: 'valkeys://h' }).url]).toEqual([
      'redis://h:6379/1',
      'rediss://h:6379/0',
    ]);
  });

  for (const program of installed) {
    let server: PrivateRedis | undefined;
    beforeAll(async () => {
      server = await startRedisServer({ program });
    });
    afterAll(() => server?.stop());

    const create = () => redis({ url: `valkey://127.0.0.1:${server?.port ?? 1}`, leaseDuration: '2s' });
    for (const { name, isSupported, run } of transportConformance({ create })) test.skipIf(!isSupported)(name, run);
  }
});
