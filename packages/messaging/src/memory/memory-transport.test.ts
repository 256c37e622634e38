import { describe, expect, test } from 'vitest';
import { transportConformance } from '../conformance/transport-conformance.js';
import { memoryTransport } from './memory-transport.js';

describe('memory transport', () => {
  const shared = memoryTransport();
  for (const { name, isSupported, run } of transportConformance({ create: () => shared }))
    test.skipIf(!isSupported)(name, run);
});

test('a transport says which exchange types, priorities and waits it has, and who sees its queues [MS-022]', () => {
  expect(memoryTransport().supports).toEqual({
    exchangeTypes: ['direct', 'topic', 'fanout'],
    priority: 'high-first',
    reach: 'process',
    durability: 'none',
    delay: true,
    countsParked: true,
    requeueControl: true,
    recovery: 'connection',
    leaseKeeper: false,
    messageTtl: true,
    mandatory: 'asked',
    wakeUp: 'push',
  });
});

describe('memory transport with leases', () => {
  const shared = memoryTransport({ leaseMs: 10_000 });
  for (const { name, isSupported, run } of transportConformance({ create: () => shared }))
    test.skipIf(!isSupported)(name, run);
});
