import { queueStoreConformance, transportConformance } from '@ctq/messaging/conformance';
import { describeWith } from '@ctq/test-services/vitest';
import { Redis } from 'ioredis';
import { test } from 'vitest';
import { redisConfig } from './redis-options.js';
import { RedisQueueStore } from './redis-store.js';
import { redis } from './redis-transport.js';

describeWith('redis', 'the Redis transport', (url) => {
  // A database of its own, by which its connections are told from those of other suites.
  const database = new URL(url);
  database.pathname = '/9';
  const options = { url: database.href, leaseDuration: '2s' } as const;
  const cases = transportConformance({ create: () => redis(options), restart: () => killClients(url, 9) });
  for (const { name, isSupported, run } of cases) test.skipIf(!isSupported)(name, run);
});

/** Ends every connection to the database, from the server's side. */
async function killClients(url: string, db: number): Promise<void> {
  const admin = new Redis(url);
  const clients = String(await admin.client('LIST')).split('\n');
  for (const client of clients) {
    const [, id] = new RegExp(`^id=(\\d+) .* db=${db} `).exec(client) ?? [];
    if (id !== undefined) await admin.client('KILL', 'ID', id);
  }
  admin.disconnect();
}

describeWith('redis', 'the Redis queue store', (url) => {
  const config = redisConfig({ url, globalKeyprefix: 'conformance-store:', leaseDuration: '300ms' });
  for (const { name, isSupported, run } of queueStoreConformance({ create: () => new RedisQueueStore(config) }))
    test.skipIf(!isSupported)(name, run);
});
