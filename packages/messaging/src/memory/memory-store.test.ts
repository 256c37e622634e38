import { VirtualClock } from '@ctq/runtime';
import { describe, test } from 'vitest';
import { queueStoreConformance } from '../conformance/queue-store-conformance.js';
import { MemoryBroker } from './memory-broker.js';
import { MemoryStore } from './memory-store.js';

describe('memory store', () => {
  const clock = new VirtualClock();
  const broker = new MemoryBroker();
  const cases = queueStoreConformance({
    create: () => new MemoryStore({ broker, url: 'memory://', leaseMs: 30_000 }),
    clock,
    passTime: (ms) => clock.advance(ms),
  });
  for (const { name, isSupported, run } of cases) test.skipIf(!isSupported)(name, run);
});
