import { redisDatabase } from '@ctq/test-services';
import { describeWith } from '@ctq/test-services/vitest';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { eventually, lasting, redisScene, type RedisScene, textMessage, textOf } from './__fixtures__/redis-scene.js';

const direct = { name: 'orders', type: 'direct', durable: true, autoDelete: false } as const;
const route = { exchange: 'orders', routingKey: 'new' };
const binding = { exchange: 'orders', queue: 'orders', routingKey: 'new' };
const member = 'new\x06\x16\x06\x16orders';

async function declaredChannel(scene: RedisScene, options = {}) {
  const channel = await scene.channel(options);
  await channel.declareExchange(direct);
  await channel.declareQueue({ ...lasting, name: 'orders' });
  await channel.bindQueue(binding);
  return channel;
}

/** A worker that sweeps several times a second. */
async function worker(scene: RedisScene) {
  const channel = await declaredChannel(scene, { leaseDuration: '300ms' });
  const got: string[] = [];
  await channel.consume('orders', {}, (delivery) => {
    got.push(textOf(delivery));
    void delivery.ack();
  });
  return got;
}

describeWith('redis', 'A table of bindings that is gone', (url) => {
  test('[MS-143] is an empty one: what is published to its exchange is dropped, with a warning and without an error', async () => {
    const scene = redisScene(url);
    const channel = await scene.channel();
    await channel.publish(textMessage('nowhere'), route);
    expect(scene.logs.map(({ message }) => message)).toEqual([
      'Dropped what could not be delivered: no queue is bound for it',
    ]);
  });

  test('[MS-143] is made again by whoever has bound a queue, before a message is given up', async () => {
    const scene = redisScene(url);
    const producer = await declaredChannel(scene);
    for (let round = 0; round < 3; round += 1) {
      await scene.client.del(`${scene.prefix}_kombu.binding.orders`);
      await producer.publish(textMessage(`order ${round}`), route);
      // What the connection remembers of its bindings is older than their end for a moment; afterwards it reads them again.
      await eventually(async () => {
        await producer.publish(textMessage('another'), route);
        return (await scene.client.exists(`${scene.prefix}_kombu.binding.orders`)) === 1;
      });
    }
    expect(await scene.client.smembers(`${scene.prefix}_kombu.binding.orders`)).toEqual([member]);
    expect(scene.logs.map(({ message }) => message)).not.toContain(
      'Dropped what could not be delivered: no queue is bound for it',
    );
  }, 20_000);

  test('[MS-143] is made again by workers, so that messages of Python programs get through', async () => {
    const scene = redisScene(url);
    const got = await worker(scene);
    const producer = await declaredChannel(scene);
    const table = `${scene.prefix}_kombu.binding.orders`;
    let sent = 0;
    for (let round = 0; round < 3; round += 1) {
      await scene.client.del(table);
      sent += 1;
      await producer.publish(textMessage(`order ${sent}`), route);
      // As a Python program routes: by the table, each time anew.
      await eventually(async () => (await scene.client.sismember(table, member)) === 1);
    }
    await eventually(async () => got.length === sent);
    expect(got).toEqual(['order 1', 'order 2', 'order 3']);
  }, 20_000);

  test('[MS-143] is made again with everything that was declared, after the database was emptied', async () => {
    // Nobody else uses this one.
    const database = redisDatabase(url, 'lostBindings');
    const admin = new Redis(database);
    onTestFinished(async () => {
      await admin.flushdb();
      admin.disconnect();
    });
    const scene = redisScene(database);
    const topic = { name: 'feed', type: 'topic', durable: true, autoDelete: false } as const;
    const consumer = await scene.channel({ leaseDuration: '300ms' });
    await consumer.declareExchange(topic);
    await consumer.declareQueue({ ...lasting, name: 'news', arguments: { 'x-expires': 600_000 } });
    await consumer.bindQueue({ exchange: 'feed', queue: 'news', routingKey: 'a.#' });
    const got: string[] = [];
    await consumer.consume('news', {}, (delivery) => {
      got.push(textOf(delivery));
      void delivery.ack();
    });
    await admin.flushdb();
    await eventually(async () => (await admin.exists(`${scene.prefix}_kombu.binding.feed`)) === 1);
    // Somebody who was not there before.
    const producer = await scene.channel();
    await producer.declareExchange(topic);
    await producer.publish(textMessage('again'), { exchange: 'feed', routingKey: 'a.b.c' });
    await eventually(async () => got.length === 1);
    expect(await scene.client.hkeys(`${scene.prefix}ctq.queues`)).toEqual(['news']);
  }, 20_000);

  test('stays as somebody has left it on purpose', async () => {
    const scene = redisScene(url);
    const store = await scene.store();
    const other = await scene.store();
    await store.topology.saveExchange(direct);
    await store.topology.saveQueue({ ...lasting, name: 'orders' });
    await store.topology.saveBinding(binding);
    await store.topology.saveBinding({ ...binding, routingKey: 'changed' });
    await other.topology.deleteBinding(binding);
    await store.topology.restoreBindings();
    expect(await store.topology.bindings('orders')).toEqual([{ ...binding, routingKey: 'changed' }]);
    await other.topology.deleteQueue('orders');
    await store.topology.restoreBindings();
    expect(await store.topology.bindings('orders')).toEqual([]);
    expect(await scene.keys()).toEqual(['ctq.era', 'ctq.exchanges']);
  });

  test('is made again entry by entry, where another process has made its own already', async () => {
    const scene = redisScene(url);
    const [one, other] = [await scene.store(), await scene.store()];
    for (const [store, queue] of [
      [one, 'a'],
      [other, 'b'],
    ] as const) {
      await store.topology.saveQueue({ ...lasting, name: queue });
      await store.topology.saveBinding({ exchange: 'orders', queue, routingKey: queue });
    }
    await scene.client.del(`${scene.prefix}_kombu.binding.orders`);
    await one.topology.restoreBindings();
    await other.topology.restoreBindings();
    const queues = (await one.topology.bindings('orders')).map(({ queue }) => queue);
    expect(queues.sort()).toEqual(['a', 'b']);
  });
});
