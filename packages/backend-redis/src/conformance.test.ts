import type { ResultBackend } from '@ctq/core/backend';
import { keyValueStoreConformance, resultBackendConformance } from '@ctq/core/conformance';
import { describeWith } from '@ctq/test-services/vitest';
import { expect, test } from 'vitest';
import { redisBackend, redisStore } from './redis-backend.js';

describeWith('redis', 'the Redis result backend', (url) => {
  const cases = resultBackendConformance({ create: () => redisBackend({ url, globalKeyprefix: 'conformance:' }) });
  for (const { name, isSupported, run } of cases) test.skipIf(!isSupported)(name, run);
});

/** Cases that do not ask for the order of the parts. */
const sameInAnyOrder =
  /reported again|before the chord is opened|of different parts|chords do not mix|chord that is closed/;

describeWith('redis', 'the Redis result backend, with chords by the order of completion', (url) => {
  const create = (): ResultBackend =>
    redisBackend({ url, globalKeyprefix: 'conformance-unordered:', resultChordOrdered: false });
  const cases = resultBackendConformance({ create }).filter(({ name }) => sameInAnyOrder.test(name));
  test('has some cases of its own', () => {
    expect(cases).toHaveLength(5);
  });
  for (const { name, isSupported, run } of cases) test.skipIf(!isSupported)(name, run);
});

describeWith('redis', 'the Redis key-value store', (url) => {
  const cases = keyValueStoreConformance({ create: () => redisStore({ url }) });
  for (const { name, isSupported, run } of cases) test.skipIf(!isSupported)(name, run);
});
