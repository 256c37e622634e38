import { silentLogger, VirtualClock } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { keyValueStoreConformance } from '../conformance/index.js';
import { memoryStore } from './memory-store.js';

const value = new TextEncoder().encode('x');

describe('the memory store', () => {
  const clock = new VirtualClock();
  const shared = memoryStore();
  const kit = keyValueStoreConformance({ create: () => shared, clock, passTime: (ms) => clock.advance(ms) });
  for (const { name, isSupported, run } of kit) test.skipIf(!isSupported)(name, run);

  test('does not list or count what has expired, however much of it there was', async () => {
    const store = memoryStore();
    await store.open({ clock, logger: silentLogger }, new AbortController().signal);
    await store.setMany(Array.from({ length: 100 }, (_, index) => ({ key: `old-${index}`, value, ttlMs: 10 })));
    await clock.advance(10);
    for (let index = 0; index < 120; index += 1) await store.setMany([{ key: `new-${index}`, value }]);
    expect(await store.list?.('old-')).toEqual([]);
    expect(await store.list?.('new-')).toHaveLength(120);
  });
});
