import { queueStoreConformance, transportConformance } from '@ctq/messaging/conformance';
import { VirtualClock } from '@ctq/runtime';
import { afterAll, describe, test } from 'vitest';
import { temporaryFile } from '@ctq/test-services/vitest';
import { replaceFile } from '../test/replace-file.js';
import { SqliteQueueStore } from './sqlite-store.js';
import { sqlite } from './sqlite-transport.js';

const { path, end } = await temporaryFile();
afterAll(end);

describe('the SQLite transport', () => {
  const options = { create: () => sqlite({ path }), restart: () => replaceFile(path) };
  for (const { name, isSupported, run } of transportConformance(options)) test.skipIf(!isSupported)(name, run);
});

describe('the SQLite queue store', () => {
  const clock = new VirtualClock();
  const createStore = (): SqliteQueueStore => new SqliteQueueStore({ path, leaseMs: 30_000, synchronous: 'NORMAL' });
  const cases = queueStoreConformance({ create: createStore, clock, passTime: (ms) => clock.advance(ms) });
  for (const { name, isSupported, run } of cases) test.skipIf(!isSupported)(name, run);
});
