import { describeWith } from '@ctq/test-services/vitest';
import { expect, test } from 'vitest';
import { eventually, lasting, pythonEnvelope, redisScene, textMessage } from './__fixtures__/redis-scene.js';

const reply = { ...lasting, name: 'reply', arguments: { 'x-expires': 400 } };
const hourMs = 3_600_000;

describeWith('redis', 'A queue with x-expires', (url) => {
  test('[MS-144] has a time to live on each of its lists, begun anew by every push of those who declared it', async () => {
    const scene = redisScene(url);
    const { client, prefix } = scene;
    const producer = await scene.store();
    await producer.topology.saveQueue({ ...reply, arguments: { 'x-expires': 60_000 } });
    const push = (priority: number): Promise<void> =>
      producer.push([
        { queue: 'reply', message: textMessage('a'), route: { exchange: '', routingKey: 'reply' }, priority },
      ]);
    await push(0);
    const first = `${prefix}reply`;
    expect(await client.pttl(first)).toBeGreaterThan(50_000);
    await client.pexpire(first, 5_000);
    await push(9);
    expect(await client.pttl(first)).toBeGreaterThan(50_000);
    expect(await client.pttl(`${first}\x06\x169`)).toBeGreaterThan(50_000);
    // As Kombu: who publishes without having declared the queue keeps it alive no longer, or a queue that nobody empties would live for ever.
    await client.pexpire(first, 5_000);
    const stranger = await scene.store();
    await stranger.push([
      { queue: 'reply', message: textMessage('b'), route: { exchange: '', routingKey: 'reply' }, priority: 0 },
    ]);
    expect(await client.pttl(first)).toBeLessThanOrEqual(5_000);
  });

  test('[MS-144] goes with its messages, parked ones too, its bindings and what was declared of it, by whomever sweeps', async () => {
    const scene = redisScene(url);
    const dead = await scene.channel();
    await dead.declareExchange({ name: 'replies', type: 'direct', durable: true, autoDelete: false });
    await dead.declareQueue(reply);
    await dead.bindQueue({ exchange: 'replies', queue: 'reply', routingKey: 'reply' });
    await dead.publish(textMessage('a'), { exchange: 'replies', routingKey: 'reply' });
    const delivery = await dead.get('reply');
    await delivery?.park(Date.now() + 60_000);
    await dead.publish(textMessage('b'), { exchange: 'replies', routingKey: 'reply' });
    const sweeper = await scene.store();
    expect(await eventually(async () => (await sweeper.topology.dropUnusedQueues())[0])).toBe('reply');
    expect(await scene.keys()).toEqual(['_kombu.binding_deadlines', 'ctq.era', 'ctq.exchanges', 'ctq.leases']);
    expect(await sweeper.topology.dropUnusedQueues()).toEqual([]);
  });

  test('[MS-144] stays while somebody consumes from it, also when nothing comes', async () => {
    const scene = redisScene(url);
    const consumer = await scene.channel();
    // It is told that the queue is used every second.
    await consumer.declareQueue({ ...reply, arguments: { 'x-expires': 3_000 } });
    await consumer.consume('reply', {}, () => undefined);
    const sweeper = await scene.store();
    const until = Date.now() + 2 * 3_000;
    while (Date.now() < until) {
      expect(await sweeper.topology.dropUnusedQueues()).toEqual([]);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  });

  test('[MS-144] stays while a Python program uses it', async () => {
    const scene = redisScene(url);
    const store = await scene.store();
    await store.topology.saveQueue({ ...reply, arguments: { 'x-expires': 100 } });
    // What Kombu does at every push.
    await scene.client
      .multi()
      .lpush(`${scene.prefix}reply`, pythonEnvelope('a', '', 'reply'))
      .pexpire(`${scene.prefix}reply`, 60_000)
      .exec();
    await eventually(async () => {
      expect(await store.topology.dropUnusedQueues()).toEqual([]);
      const deadline = Number(await scene.client.zscore(`${scene.prefix}ctq.expires`, 'reply'));
      return deadline > Date.now() + 10_000;
    });
    expect((await store.size('reply')).waiting).toBe(1);
  });

  test('is there again when its consumer was out of action for longer than that', async () => {
    const scene = redisScene(url);
    const [frozen, sweeper] = [await scene.store(), await scene.store()];
    await frozen.topology.saveQueue(reply);
    await frozen.topology.saveBinding({ exchange: 'replies', queue: 'reply', routingKey: 'reply' });
    await eventually(async () => (await sweeper.topology.dropUnusedQueues())[0]);
    await frozen.topology.touchQueues(['reply']);
    expect(await sweeper.topology.findQueue('reply')).toEqual(reply);
    expect(await sweeper.topology.bindings('replies')).toHaveLength(1);
  });

  test('[MS-144] leaves its table to Kombu 5.7, which sweeps those that no consumer refreshes, and never one with a queue that lasts', async () => {
    const scene = redisScene(url);
    const { client, prefix } = scene;
    const store = await scene.store();
    await store.topology.saveQueue(reply);
    await store.topology.saveQueue({ ...lasting, name: 'celery' });
    await store.topology.saveBinding({ exchange: 'work', queue: 'reply', routingKey: 'reply' });
    await store.topology.saveBinding({ exchange: 'work', queue: 'celery', routingKey: 'celery' });
    const deadlines = `${prefix}_kombu.binding_deadlines`;
    const deadline = Number(await client.zscore(deadlines, 'work'));
    expect(deadline - Date.now()).toBeGreaterThan(hourMs - 60_000);
    expect(deadline - Date.now()).toBeLessThan(hourMs + 60_000);
    expect(await client.smembers(`${prefix}_kombu.binding_permanent.work`)).toEqual(['celery\x06\x16\x06\x16celery']);
    // A consumer of it is there still.
    await client.zadd(deadlines, 1, 'work');
    await store.topology.touchQueues(['reply']);
    expect(Number(await client.zscore(deadlines, 'work'))).toBeGreaterThan(Date.now());
    await store.topology.deleteBinding({ exchange: 'work', queue: 'celery', routingKey: 'celery' });
    expect(await client.exists(`${prefix}_kombu.binding_permanent.work`)).toBe(0);
  });
});
