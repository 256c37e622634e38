import { queueStoreConformance, transportConformance } from '@ctq/messaging/conformance';
import { describeWith } from '@ctq/test-services/vitest';
import { test } from 'vitest';
import { redisConfig } from './redis-options.js';
import { RedisQueueStore } from './redis-store.js';
import { redis } from './redis-transport.js';

describeWith('redis', 'the Redis transport', (url) => {
  const options = { url, globalKeyprefix: 'conformance-transport:', leaseDuration: '2s' } as const;
  for (const { name, isSupported, run } of transportConformance({ create: () => redis(options) }))
    test.skipIf(!isSupported)(name, run);
});

describeWith('redis', 'the Redis queue store', (url) => {
  const config = redisConfig({ url, globalKeyprefix: 'conformance-store:', leaseDuration: '300ms' });
  for (const { name, isSupported, run } of queueStoreConformance({ create: () => new RedisQueueStore(config) }))
    test.skipIf(!isSupported)(name, run);
});
