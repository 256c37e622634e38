import { silentLogger, systemClock } from '@ctq/runtime';
import { describeWith } from '@ctq/test-services/vitest';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { redisConfig } from './redis-options.js';
import { RedisQueueStore } from './redis-store.js';

describeWith('redis', 'A sweep', (url) => {
  async function setup() {
    const prefix = `sweep-${crypto.randomUUID()}:`;
    const client = new Redis(url);
    const options = { url, globalKeyprefix: prefix, leaseDuration: '100ms', visibilityTimeout: '1s' } as const;
    const open = async (): Promise<RedisQueueStore> => {
      const store = new RedisQueueStore(redisConfig(options));
      const context = { clock: systemClock, logger: silentLogger, holder: crypto.randomUUID() };
      await store.open(context, AbortSignal.timeout(10_000));
      onTestFinished(() => store.close());
      return store;
    };
    onTestFinished(() => client.disconnect());
    return { prefix, client, open };
  }

  test('returns what is no message of anybody as it was', async () => {
    const { prefix, client, open } = await setup();
    await client.lpush(`${prefix}work`, 'no envelope at all');
    const [dead, living] = [await open(), await open()];
    expect(await dead.pop({ queues: ['work'], limit: 1, noAck: false })).toHaveLength(1);
    while ((await living.lease.sweep()) === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await client.lrange(`${prefix}work`, 0, -1)).toEqual(['no envelope at all']);
  });

  test("returns a Python worker's message to every queue that it was published to, and passes over what leads to none", async () => {
    const { prefix, client, open } = await setup();
    const member = (queue: string): string => `news\x06\x16\x06\x16${queue}`;
    await client.sadd(`${prefix}_kombu.binding.feed`, member('one'), member('two'));
    const properties = { delivery_info: { exchange: 'feed', routing_key: 'news' }, delivery_tag: 't' };
    const entry = JSON.stringify([{ body: '', headers: {}, properties }, 'feed', 'news']);
    await client.hset(`${prefix}unacked`, { t: entry, odd: 'nothing' });
    await client.zadd(`${prefix}unacked_index`, 1, 't', 1, 'odd');
    const store = await open();
    expect(await store.lease.sweep()).toBe(2);
    expect([await store.size('one'), await store.size('two')].map(({ waiting }) => waiting)).toEqual([1, 1]);
    expect(await client.hgetall(`${prefix}unacked`)).toEqual({ odd: 'nothing' });
    expect(await store.lease.sweep()).toBe(0);
  });
});
