import assert from 'node:assert/strict';
import { UnroutableError } from '../../errors.js';
import { textMessage, textsOf } from '../messages.js';
import { requireFanout, requireMandatory, requireTopic, type TransportCase } from './case.js';

export const routingCases: readonly TransportCase[] = [
  {
    name: 'a direct exchange delivers by equal routing key [MS-075]',
    async run(scene) {
      const channel = await scene.channel();
      const exchange = await scene.exchange(channel, 'direct');
      const red = await scene.queue(channel);
      const blue = await scene.queue(channel);
      await channel.bindQueue({ exchange, queue: red, routingKey: 'red' });
      await channel.bindQueue({ exchange, queue: blue, routingKey: 'blue' });
      for (const key of ['red', 'blue', 'red.x', 're', '']) {
        await channel.publish(textMessage(key), { exchange, routingKey: key });
      }
      assert.deepEqual(textsOf(await scene.drain(channel, red)), ['red']);
      assert.deepEqual(textsOf(await scene.drain(channel, blue)), ['blue']);
    },
  },
  {
    name: 'the default exchange delivers to the queue of that name [MS-080]',
    async run(scene) {
      const channel = await scene.channel();
      const queue = await scene.queue(channel);
      await channel.publish(textMessage('a'), { exchange: '', routingKey: queue });
      const delivery = await scene.fetch(channel, queue);
      assert.deepEqual(delivery.route, { exchange: '', routingKey: queue });
      assert.equal(delivery.queue, queue);
      await delivery.ack();
    },
  },
  {
    name: 'a topic exchange takes a star for one word and a hash for any words [MS-076] [MS-077]',
    requires: requireTopic,
    async run(scene) {
      const channel = await scene.channel();
      const exchange = await scene.exchange(channel, 'topic');
      const bind = async (routingKey: string): Promise<string> => {
        const queue = await scene.queue(channel);
        await channel.bindQueue({ exchange, queue, routingKey });
        return queue;
      };
      const star = await bind('task.*');
      const middle = await bind('task.*.done');
      const hash = await bind('task.#');
      const everything = await bind('#');
      const literal = await bind('task.a');
      for (const key of ['task.a', 'task.a.done', 'task.a.b.done', 'worker.a', 'xtask.a', 'taskqa']) {
        await channel.publish(textMessage(key), { exchange, routingKey: key });
      }
      const received = async (queue: string): Promise<string[]> => textsOf(await scene.drain(channel, queue));
      assert.deepEqual(await received(star), ['task.a']);
      assert.deepEqual(await received(middle), ['task.a.done']);
      assert.deepEqual(await received(hash), ['task.a', 'task.a.done', 'task.a.b.done']);
      assert.deepEqual(await received(everything), [
        'task.a',
        'task.a.done',
        'task.a.b.done',
        'worker.a',
        'xtask.a',
        'taskqa',
      ]);
      assert.deepEqual(await received(literal), ['task.a']);
    },
  },
  {
    name: 'a fanout exchange delivers a copy to every bound queue, whatever the routing key [MS-078] [MS-155]',
    requires: requireFanout,
    async run(scene) {
      const publisher = await scene.channel();
      const exchange = await scene.exchange(publisher, 'fanout');
      const collectors = [];
      for (let index = 0; index < 3; index += 1) {
        // Consumed on another connection each: a broadcast crosses connections.
        const channel = await scene.channel();
        const queue = await scene.queue(channel, { durable: false, autoDelete: true });
        await channel.bindQueue({ exchange, queue, routingKey: '' });
        const collector = scene.collector();
        await channel.consume(queue, { noAck: true }, collector.onDelivery);
        collectors.push(collector);
      }
      await publisher.publish(textMessage('a'), { exchange, routingKey: '' });
      await publisher.publish(textMessage('b'), { exchange, routingKey: '' });
      for (const collector of collectors) assert.deepEqual(textsOf(await collector.take(2)), ['a', 'b']);
    },
  },
  {
    name: 'a queue whose several bindings match gets one copy [MS-075]',
    requires: requireTopic,
    async run(scene) {
      const channel = await scene.channel();
      const exchange = await scene.exchange(channel, 'topic');
      const queue = await scene.queue(channel);
      for (const routingKey of ['a.*', 'a.#', 'a.b']) await channel.bindQueue({ exchange, queue, routingKey });
      await channel.publish(textMessage('once'), { exchange, routingKey: 'a.b' });
      assert.deepEqual(textsOf(await scene.drain(channel, queue)), ['once']);
    },
  },
  {
    name: 'binding twice is binding once',
    async run(scene) {
      const channel = await scene.channel();
      const exchange = await scene.exchange(channel, 'direct');
      const queue = await scene.queue(channel);
      await channel.bindQueue({ exchange, queue, routingKey: 'k' });
      await channel.bindQueue({ exchange, queue, routingKey: 'k' });
      await channel.publish(textMessage('once'), { exchange, routingKey: 'k' });
      assert.deepEqual(textsOf(await scene.drain(channel, queue)), ['once']);
    },
  },
  {
    name: 'a binding made on one connection takes a message that another connection could not deliver before [MS-082]',
    requires: requireMandatory,
    async run(scene) {
      const publisher = await scene.channel();
      const exchange = await scene.exchange(publisher, 'direct');
      await publisher.publish(textMessage('lost'), { exchange, routingKey: 'k' });
      const other = await scene.channel();
      const queue = await scene.queue(other);
      await other.bindQueue({ exchange, queue, routingKey: 'k' });
      await publisher.publish(textMessage('found'), { exchange, routingKey: 'k' });
      assert.deepEqual(textsOf(await scene.drain(other, queue)), ['found']);
    },
  },
  {
    name: 'what no binding takes is dropped, and its publish resolves [MS-082]',
    async run(scene) {
      const channel = await scene.channel();
      const exchange = await scene.exchange(channel, 'direct');
      await channel.publish(textMessage('lost'), { exchange, routingKey: 'nowhere' });
    },
  },
  {
    name: 'a mandatory message that no queue takes is refused, one that a queue takes is not [MS-052] [MS-059]',
    requires: requireMandatory,
    async run(scene) {
      const channel = await scene.channel();
      const exchange = await scene.exchange(channel, 'direct');
      const queue = await scene.queue(channel);
      await channel.bindQueue({ exchange, queue, routingKey: 'k' });
      const isUnroutable = (error: unknown): boolean => UnroutableError.isInstance(error);
      await assert.rejects(
        channel.publish(textMessage('a'), { exchange, routingKey: 'x' }, { mandatory: true }),
        isUnroutable,
      );
      const noQueue = { exchange: '', routingKey: scene.name('missing') };
      await assert.rejects(channel.publish(textMessage('b'), noQueue, { mandatory: true }), isUnroutable);
      await channel.publish(textMessage('c'), { exchange, routingKey: 'k' }, { mandatory: true });
      await channel.publish(textMessage('d'), { exchange: '', routingKey: queue }, { mandatory: true });
      assert.deepEqual(textsOf(await scene.drain(channel, queue)), ['c', 'd']);
    },
  },
];
