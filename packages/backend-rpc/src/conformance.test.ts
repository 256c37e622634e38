import { resultBackendConformance } from '@ctq/core/conformance';
import { memoryTransport } from '@ctq/messaging';
import type { Transport } from '@ctq/messaging/transport';
import { describeWith } from '@ctq/test-services/vitest';
import { redis } from '@ctq/transport-redis';
import { afterAll, describe, expect, test } from 'vitest';
import { dropKeys } from './__fixtures__/drop-keys.js';
import { brokerOver } from './__fixtures__/opened-backend.js';
import { rpc } from './rpc-backend.js';

function runKit(transport: () => Transport): void {
  const cases = resultBackendConformance({ create: () => rpc(), broker: () => brokerOver(transport()) });
  test('only what needs a store is skipped', () => {
    const skipped = new Set(cases.filter(({ isSupported }) => !isSupported).map(({ requires }) => requires));
    expect(skipped).toEqual(new Set(["readers: 'anyone'", 'groups', 'chords']));
  });
  for (const { name, isSupported, run } of cases) test.skipIf(!isSupported)(name, run);
}

describe('the RPC result backend over memory', () => {
  const transport = memoryTransport();
  runKit(() => transport);
});

describeWith('redis', 'the RPC result backend over Redis', (url) => {
  const globalKeyprefix = `rpc-kit-${crypto.randomUUID()}:`;
  afterAll(() => dropKeys(url, globalKeyprefix));
  runKit(() => redis({ url, globalKeyprefix }));
});
