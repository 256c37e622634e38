import { keyValueStoreConformance, resultBackendConformance } from '@ctq/core/conformance';
import { describeWith } from '@ctq/test-services/vitest';
import { test } from 'vitest';
import { redisBackend, redisStore } from './redis-backend.js';

describeWith('redis', 'the Redis result backend', (url) => {
  const cases = resultBackendConformance({ create: () => redisBackend({ url, globalKeyprefix: 'conformance:' }) });
  for (const { name, isSupported, run } of cases) test.skipIf(!isSupported)(name, run);
});

describeWith('redis', 'the Redis key-value store', (url) => {
  const cases = keyValueStoreConformance({ create: () => redisStore({ url }) });
  for (const { name, isSupported, run } of cases) test.skipIf(!isSupported)(name, run);
});
