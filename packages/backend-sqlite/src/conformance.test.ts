import { keyValueStoreConformance, resultBackendConformance } from '@ctq/core/conformance';
import { VirtualClock } from '@ctq/runtime';
import { afterAll, describe, test } from 'vitest';
import { temporaryFile } from '@ctq/test-services/vitest';
import { sqliteBackend, sqliteStore } from './sqlite-backend.js';

const { path, end } = await temporaryFile();
afterAll(end);

const clock = new VirtualClock();
const time = { clock, passTime: (ms: number) => clock.advance(ms) };

describe('the SQLite result backend', () => {
  const cases = resultBackendConformance({ create: () => sqliteBackend({ path }), ...time });
  for (const { name, isSupported, run } of cases) test.skipIf(!isSupported)(name, run);
});

describe('the SQLite key-value store', () => {
  const cases = keyValueStoreConformance({ create: () => sqliteStore({ path }), ...time });
  for (const { name, isSupported, run } of cases) test.skipIf(!isSupported)(name, run);
});
