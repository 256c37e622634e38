import { describe, test } from 'vitest';
import { transportConformance } from '../conformance/transport-conformance.js';
import { memoryTransport } from './memory-transport.js';

describe('memory transport', () => {
  const shared = memoryTransport();
  for (const { name, isSupported, run } of transportConformance({ create: () => shared }))
    test.skipIf(!isSupported)(name, run);
});

describe('memory transport with leases', () => {
  const shared = memoryTransport({ leaseMs: 10_000 });
  for (const { name, isSupported, run } of transportConformance({ create: () => shared }))
    test.skipIf(!isSupported)(name, run);
});
