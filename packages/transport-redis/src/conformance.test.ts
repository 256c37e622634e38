import { queueStoreConformance, transportConformance } from '@ctq/messaging/conformance';
import { redisDatabase, redisDatabases } from '@ctq/test-services';
import { describeWith } from '@ctq/test-services/vitest';
import { test } from 'vitest';
import { killClients } from './__fixtures__/redis-scene.js';
import { redisConfig } from './redis-options.js';
import { RedisQueueStore } from './redis-store.js';
import { redis } from './redis-transport.js';
import { UnbookedQueueStore } from './unbooked-store.js';

describeWith('redis', 'the Redis transport', (url) => {
  // A database of its own, by which its connections are told from those of other suites.
  const database = redisDatabase(url, 'transportConformance');
  const options = { url: database, leaseDuration: '2s' } as const;
  const cases = transportConformance({
    create: () => redis(options),
    restart: () => killClients(url, redisDatabases.transportConformance),
  });
  for (const { name, isSupported, run } of cases) test.skipIf(!isSupported)(name, run);
});

describeWith('redis', 'the Redis queue store', (url) => {
  const config = redisConfig({ url, globalKeyprefix: 'conformance-store:', leaseDuration: '1s' });
  for (const { name, isSupported, run } of queueStoreConformance({ create: () => new RedisQueueStore(config) }))
    test.skipIf(!isSupported)(name, run);
});

describeWith('redis', 'the Redis queue store that books nothing', (url) => {
  const config = redisConfig({ url, globalKeyprefix: 'conformance-unbooked:', ackEmulation: false });
  for (const { name, isSupported, run } of queueStoreConformance({ create: () => new UnbookedQueueStore(config) }))
    test.skipIf(!isSupported)(name, run);
});

describeWith('redis', 'the Redis transport that books nothing', (url) => {
  const database = redisDatabase(url, 'transportConformance');
  const transport = redis({ url: database, globalKeyprefix: 'unbooked:', ackEmulation: false });
  const cases = transportConformance({
    create: () => transport,
    restart: () => killClients(url, redisDatabases.transportConformance),
  });
  for (const { name, isSupported, run } of cases) test.skipIf(!isSupported)(name, run);
});
