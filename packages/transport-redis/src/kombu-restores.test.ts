import { describeWith } from '@ctq/test-services/vitest';
import { expect, test } from 'vitest';
import { lasting, pythonEnvelope, redisScene, type RedisScene, textOf } from './__fixtures__/redis-scene.js';

const visibilityTimeout = '1h';
const hour = 3_600;

/** What a Python worker has booked, so many seconds ago. */
async function book(
  { client, prefix }: RedisScene,
  tag: string,
  [exchange, routingKey, secondsAgo = 2 * hour, priority = 0]: readonly [string, string, number?, number?],
): Promise<void> {
  const entry = `[${pythonEnvelope(tag, exchange, routingKey, priority)}, ${JSON.stringify(exchange)}, ${JSON.stringify(routingKey)}]`;
  await client
    .multi()
    .hset(`${prefix}unacked`, tag, entry)
    .zadd(`${prefix}unacked_index`, Date.now() / 1_000 - secondsAgo, tag)
    .exec();
}

async function bind(
  { client, prefix }: RedisScene,
  exchange: string,
  ...members: readonly (readonly [string, string, string])[]
): Promise<void> {
  await client.sadd(`${prefix}_kombu.binding.${exchange}`, ...members.map((member) => member.join('\x06\x16')));
}

async function waitingIn(scene: RedisScene, ...queues: readonly string[]): Promise<Record<string, readonly string[]>> {
  const lists = await Promise.all(
    queues.map(async (queue) => {
      const envelopes = await scene.client.lrange(`${scene.prefix}${queue}`, 0, -1);
      const bodies = envelopes.map((envelope) => (JSON.parse(envelope) as { body: string }).body);
      // The right end is the head.
      return [queue, bodies.map((body) => Buffer.from(body, 'base64').toString()).reverse()] as const;
    }),
  );
  return Object.fromEntries(lists);
}

describeWith('redis', 'What Python workers held for longer than the visibility timeout', (url) => {
  test('[MS-136, MS-137] goes back in front of what waits, the oldest first, each to the list of its priority', async () => {
    const scene = redisScene(url);
    const store = await scene.store({ visibilityTimeout });
    await scene.client.lpush(`${scene.prefix}celery`, pythonEnvelope('waiting', '', 'celery'));
    await book(scene, 'older', ['', 'celery', 3 * hour]);
    await book(scene, 'younger', ['', 'celery', 2 * hour]);
    await book(scene, 'urgent no more', ['', 'celery', 2 * hour, 9]);
    await book(scene, 'held', ['', 'celery', hour / 2]);
    expect(await store.lease.sweep()).toBe(3);
    expect(await waitingIn(scene, 'celery', 'celery\x06\x169')).toEqual({
      celery: ['older', 'younger', 'waiting'],
      'celery\x06\x169': ['urgent no more'],
    });
    expect(await scene.client.hkeys(`${scene.prefix}unacked`)).toEqual(['held']);
  });

  test('[MS-136] is left to who has the mutex, but not when it was left behind by a process that was killed', async () => {
    const scene = redisScene(url);
    const store = await scene.store({ visibilityTimeout });
    await book(scene, 'one', ['', 'celery']);
    const mutex = `${scene.prefix}unacked_mutex`;
    await scene.client.set(mutex, 'of a Python worker', 'EX', 300);
    expect(await store.lease.sweep()).toBe(0);
    await scene.client.set(mutex, 'of a Python worker', 'EX', 289);
    expect(await store.lease.sweep()).toBe(1);
    expect(await scene.client.get(mutex)).toBe('of a Python worker');
  });

  test('[MS-138] is marked as redelivered, in its headers and in its delivery_info', async () => {
    const scene = redisScene(url);
    const store = await scene.store({ visibilityTimeout });
    await book(scene, 'a', ['', 'celery']);
    await store.lease.sweep();
    const [envelope = ''] = await scene.client.lrange(`${scene.prefix}celery`, 0, -1);
    const { headers, properties } = JSON.parse(envelope) as {
      headers: unknown;
      properties: { delivery_info: unknown };
    };
    expect(headers).toEqual({ redelivered: true });
    expect(properties.delivery_info).toEqual({ exchange: '', routing_key: 'celery', redelivered: true });
    expect(await store.pop({ queues: ['celery'], limit: 1, noAck: false })).toMatchObject([{ redelivered: true }]);
  });

  test('[MS-136] is left alone while another process returns messages, for as long as it may take', async () => {
    const scene = redisScene(url);
    const store = await scene.store({ visibilityTimeout, unackedMutexExpire: '1s' });
    const mutex = `${scene.prefix}unacked_mutex`;
    await book(scene, 'a', ['', 'celery']);
    await scene.client.set(mutex, 'somebody', 'PX', 60_000);
    expect(await store.lease.sweep()).toBe(0);
    expect(await scene.client.get(mutex)).toBe('somebody');
    await scene.client.del(mutex);
    expect(await store.lease.sweep()).toBe(1);
    expect(await scene.client.exists(mutex)).toBe(0);
  });

  test('[MS-136] is returned in portions where there is a limit, the youngest first', async () => {
    const scene = redisScene(url);
    const store = await scene.store({ visibilityTimeout, unackedRestoreLimit: 2 });
    for (const age of [5, 4, 3]) await book(scene, `${age} hours`, ['', 'celery', age * hour]);
    expect(await store.lease.sweep()).toBe(2);
    expect(await waitingIn(scene, 'celery')).toEqual({ celery: ['4 hours', '3 hours'] });
    expect(await store.lease.sweep()).toBe(1);
  });

  test('is returned however much it is', async () => {
    const scene = redisScene(url);
    const store = await scene.store({ visibilityTimeout });
    const transaction = scene.client.multi();
    for (let count = 0; count < 1_000; count += 1) {
      transaction.hset(`${scene.prefix}unacked`, `t${count}`, `[${pythonEnvelope('x', '', 'celery')}, "", "celery"]`);
      transaction.zadd(`${scene.prefix}unacked_index`, count + 1, `t${count}`);
    }
    await transaction.exec();
    expect(await store.lease.sweep()).toBe(1_000);
    expect(await store.size('celery')).toEqual({ waiting: 1_000, parked: 0, held: 0 });
  });

  test('[MS-136] is returned as often as is said, and not at every sweep', async () => {
    const scene = redisScene(url);
    const store = await scene.store({ visibilityTimeout, unackedRestoreInterval: '10s', unackedRestoreThrottle: 6 });
    expect(store.lease.sweepEveryMs).toBe(60_000);
    await book(scene, 'a', ['', 'celery']);
    expect(await store.lease.sweep()).toBe(1);
    await book(scene, 'b', ['', 'celery']);
    expect(await store.lease.sweep()).toBe(0);
  });

  test('goes to every queue of a topic exchange whose pattern matches, with the meaning that its binding has', async () => {
    const scene = redisScene(url);
    const store = await scene.store({ visibilityTimeout });
    await bind(
      scene,
      'feed',
      ['a.#', '^a\\..*?$', 'all'],
      ['a.*', '^a\\..*?[^\\.]$', 'kombu-5.6'],
      ['a.*', '^a\\.[^\\.]+$', 'kombu-5.7'],
      ['b.#', '^b\\..*?$', 'other'],
    );
    await book(scene, 'two', ['feed', 'a.x', 2 * hour]);
    await book(scene, 'three', ['feed', 'a.x.y', 3 * hour]);
    expect(await store.lease.sweep()).toBe(5);
    expect(await waitingIn(scene, 'all', 'kombu-5.6', 'kombu-5.7', 'other')).toEqual({
      all: ['three', 'two'],
      'kombu-5.6': ['three', 'two'],
      'kombu-5.7': ['two'],
      other: [],
    });
  });

  test('goes to the queues of a direct exchange by the whole key, whatever it looks like', async () => {
    const scene = redisScene(url);
    const store = await scene.store({ visibilityTimeout });
    await bind(scene, 'direct', ['a.*', '', 'literal'], ['a.x', '', 'equal']);
    await book(scene, 'a', ['direct', 'a.x']);
    expect(await store.lease.sweep()).toBe(1);
    expect(await waitingIn(scene, 'literal', 'equal')).toEqual({ literal: [], equal: ['a'] });
  });

  test('goes to every queue that is bound to a fan-out exchange', async () => {
    const scene = redisScene(url);
    const store = await scene.store({ visibilityTimeout });
    await store.topology.saveExchange({ name: 'broadcast', type: 'fanout', durable: true, autoDelete: false });
    await bind(scene, 'broadcast', ['', '', 'one'], ['x', '', 'two']);
    await book(scene, 'a', ['broadcast', 'y']);
    expect(await store.lease.sweep()).toBe(2);
    expect(await waitingIn(scene, 'one', 'two')).toEqual({ one: ['a'], two: ['a'] });
  });

  test('[MS-143] goes to the queue of its routing key where the table of its exchange is gone', async () => {
    const scene = redisScene(url);
    const store = await scene.store({ visibilityTimeout });
    await store.topology.saveQueue({ ...lasting, name: 'celery' });
    await book(scene, 'a', ['gone', 'celery']);
    expect(await store.lease.sweep()).toBe(1);
    expect((await store.pop({ queues: ['celery'], limit: 1, noAck: false })).map(textOf)).toEqual(['a']);
  });

  test('goes to the dead letter queue where nothing else leads anywhere', async () => {
    const scene = redisScene(url);
    const store = await scene.store({ visibilityTimeout, deadletterQueue: 'dead' });
    await book(scene, 'a', ['gone', 'nowhere']);
    expect(await store.lease.sweep()).toBe(1);
    expect(await waitingIn(scene, 'dead', 'nowhere')).toEqual({ dead: ['a'], nowhere: [] });
  });

  test('is kept where there is none, is said, does not get in the way, and goes back when there is a binding again', async () => {
    const scene = redisScene(url);
    const store = await scene.store({ visibilityTimeout: '1s', unackedRestoreLimit: 1 });
    await book(scene, 'lost', ['gone', 'nowhere', 1.5]);
    await book(scene, 'a', ['', 'celery', 2]);
    expect(await store.lease.sweep()).toBe(0);
    expect(scene.logs.map(({ message }) => message)).toEqual([
      'Messages of Python workers cannot be returned: no queue is bound for them; they are kept',
    ]);
    expect(await store.lease.sweep()).toBe(1);
    await bind(scene, 'gone', ['nowhere', '', 'found']);
    while ((await store.lease.sweep()) === 0) await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await waitingIn(scene, 'found')).toEqual({ found: ['lost'] });
  });
});
