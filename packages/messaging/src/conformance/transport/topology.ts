import assert from 'node:assert/strict';
import { TopologyMismatchError, TopologyNotFoundError } from '../../errors.js';
import type { Channel } from '../../transport/channel.js';
import { textMessage } from '../messages.js';
import { requireMandatory, type TransportCase } from './case.js';

const plain = { durable: true, exclusive: false, autoDelete: false };

/** Whether the queue exists; asked on a channel of its own, which the broker may close for the answer. */
async function exists(channel: Channel, name: string): Promise<boolean> {
  try {
    await channel.declareQueue({ name, ...plain, passive: true });
    return true;
  } catch (error) {
    assert.ok(TopologyNotFoundError.isInstance(error), `expected TopologyNotFoundError, got ${String(error)}`);
    return false;
  }
}

function isMismatch(error: unknown): boolean {
  return TopologyMismatchError.isInstance(error);
}

export const topologyCases: readonly TransportCase[] = [
  {
    name: 'declaring the same queue again changes nothing and tells how many messages wait [MS-046] [MS-085]',
    async run(scene) {
      const channel = await scene.channel();
      const name = await scene.queue(channel);
      await scene.send(channel, name, 'a', 'b');
      const info = await channel.declareQueue({ name, ...plain });
      assert.deepEqual(info, { name, messageCount: 2, consumerCount: 0 });
    },
  },
  {
    name: 'a queue declared with other properties is refused and stays as it was [MS-081]',
    async run(scene) {
      const name = await scene.queue(await scene.channel());
      await assert.rejects((await scene.channel()).declareQueue({ ...plain, name, durable: false }), isMismatch);
      await assert.rejects(
        (await scene.channel()).declareQueue({ ...plain, name, arguments: { 'x-message-ttl': 60_000 } }),
        isMismatch,
      );
      await (await scene.channel()).declareQueue({ ...plain, name });
    },
  },
  {
    name: 'an exchange declared with another type is refused [MS-081]',
    async run(scene) {
      const name = await scene.exchange(await scene.channel(), 'direct');
      const other = { name, type: 'topic', durable: true, autoDelete: false } as const;
      await assert.rejects((await scene.channel()).declareExchange(other), isMismatch);
      await (await scene.channel()).declareExchange({ ...other, type: 'direct' });
    },
  },
  {
    name: 'a passive declaration of what does not exist is refused and creates nothing [MS-084]',
    async run(scene) {
      const name = scene.name('queue');
      assert.equal(await exists(await scene.channel(), name), false);
      assert.equal(await exists(await scene.channel(), name), false);
      const exchange = {
        name: scene.name('exchange'),
        type: 'direct',
        durable: true,
        autoDelete: false,
        passive: true,
      } as const;
      const isMissing = (error: unknown): boolean => TopologyNotFoundError.isInstance(error);
      await assert.rejects((await scene.channel()).declareExchange(exchange), isMissing);
    },
  },
  {
    name: 'a passive declaration of what exists asks for no properties [MS-047]',
    async run(scene) {
      const name = await scene.queue(await scene.channel(), { arguments: { 'x-message-ttl': 60_000 } });
      const channel = await scene.channel();
      const info = await channel.declareQueue({ ...plain, name, durable: false, passive: true });
      assert.equal(info.name, name);
    },
  },
  {
    name: 'a queue without a name gets one that nobody else has [MS-046]',
    async run(scene) {
      const channel = await scene.channel();
      const one = await channel.declareQueue({ ...plain, name: '', durable: false, exclusive: true, autoDelete: true });
      const other = await channel.declareQueue({
        ...plain,
        name: '',
        durable: false,
        exclusive: true,
        autoDelete: true,
      });
      assert.notEqual(one.name, '');
      assert.notEqual(one.name, other.name);
      await scene.send(channel, one.name, 'a');
      assert.equal((await scene.drain(channel, one.name)).length, 1);
    },
  },
  {
    name: 'deleting a queue deletes its messages, tells their number, and can be repeated [MS-047]',
    async run(scene) {
      const channel = await scene.channel();
      const name = await scene.queue(channel);
      await scene.send(channel, name, 'a', 'b', 'c');
      assert.equal(await channel.deleteQueue(name), 3);
      assert.equal(await channel.deleteQueue(name), 0);
      assert.equal(await exists(await scene.channel(), name), false);
    },
  },
  {
    name: 'a queue with a message is not deleted if it has to be empty, one with a consumer not if it has to be unused [MS-047]',
    async run(scene) {
      const connection = await scene.connection();
      const channel = await connection.openChannel();
      const full = await scene.queue(channel);
      const used = await scene.queue(channel);
      await scene.send(channel, full, 'a');
      await channel.consume(used, {}, () => undefined);
      await assert.rejects((await connection.openChannel()).deleteQueue(full, { ifEmpty: true }), isMismatch);
      await assert.rejects((await connection.openChannel()).deleteQueue(used, { ifUnused: true }), isMismatch);
      const other = await connection.openChannel();
      assert.equal(await exists(other, full), true);
      assert.equal(await exists(other, used), true);
      assert.equal(await other.deleteQueue(full, { ifUnused: true }), 1);
    },
  },
  {
    name: 'purging deletes what waits and tells the number, and leaves what consumers hold [MS-047] [MS-155]',
    async run(scene) {
      const channel = await scene.channel();
      const name = await scene.queue(channel);
      await scene.send(channel, name, 'held', 'a', 'b');
      const held = await scene.fetch(channel, name);
      assert.equal(await channel.purgeQueue(name), 2);
      await held.reject({ requeue: true });
      assert.equal((await scene.drain(channel, name)).length, 1);
    },
  },
  {
    name: 'an unbound queue gets nothing more from the exchange [MS-047]',
    async run(scene) {
      const channel = await scene.channel();
      const queue = await scene.queue(channel);
      const exchange = await scene.exchange(channel, 'direct');
      await channel.bindQueue({ exchange, queue, routingKey: 'k' });
      await channel.bindQueue({ exchange, queue, routingKey: 'other' });
      await channel.publish(textMessage('before'), { exchange, routingKey: 'k' });
      await channel.unbindQueue({ exchange, queue, routingKey: 'k' });
      await channel.publish(textMessage('after'), { exchange, routingKey: 'k' });
      await channel.publish(textMessage('other'), { exchange, routingKey: 'other' });
      const bodies = (await scene.drain(channel, queue)).map(({ message }) => Buffer.from(message.body).toString());
      assert.deepEqual(bodies, ['before', 'other']);
    },
  },
  {
    name: 'deleting a queue deletes its bindings [MS-082]',
    requires: requireMandatory,
    async run(scene) {
      const channel = await scene.channel();
      const queue = await scene.queue(channel);
      const exchange = await scene.exchange(channel, 'direct');
      await channel.bindQueue({ exchange, queue, routingKey: 'k' });
      await channel.publish(textMessage('x'), { exchange, routingKey: 'k' }, { mandatory: true });
      await channel.deleteQueue(queue);
      await assert.rejects(channel.publish(textMessage('x'), { exchange, routingKey: 'k' }, { mandatory: true }));
    },
  },
  {
    name: 'an exchange that queues are bound to is not deleted if it has to be unused [MS-038]',
    async run(scene) {
      const channel = await scene.channel();
      const queue = await scene.queue(channel);
      const exchange = await scene.exchange(channel, 'direct');
      await channel.bindQueue({ exchange, queue, routingKey: 'k' });
      await assert.rejects((await scene.channel()).deleteExchange(exchange, { ifUnused: true }), isMismatch);
      await channel.publish(textMessage('x'), { exchange, routingKey: 'k' });
      assert.equal((await scene.drain(channel, queue)).length, 1);
    },
  },
  {
    name: 'deleting an exchange ends its bindings, leaves its queues with what waits in them, and can be repeated [MS-038, MS-083]',
    async run(scene) {
      const channel = await scene.channel();
      const queue = await scene.queue(channel);
      const exchange = await scene.exchange(channel, 'direct');
      await channel.bindQueue({ exchange, queue, routingKey: 'k' });
      await channel.deleteExchange(exchange);
      await channel.deleteExchange(exchange);
      assert.equal(await exists(await scene.channel(), queue), true);
      await channel.declareExchange({ name: exchange, type: 'direct', durable: true, autoDelete: false });
      await channel.publish(textMessage('unbound'), { exchange, routingKey: 'k' });
      await scene.send(channel, queue, 'direct');
      const bodies = (await scene.drain(channel, queue)).map(({ message }) => Buffer.from(message.body).toString());
      assert.deepEqual(bodies, ['direct']);
    },
  },
  {
    name: 'a queue that deletes itself goes with its last consumer, not before [MS-043]',
    async run(scene) {
      const channel = await scene.channel();
      const name = await scene.queue(channel, { autoDelete: true });
      const first = await channel.consume(name, {}, () => undefined);
      const second = await channel.consume(name, {}, () => undefined);
      await first.cancel();
      assert.equal(await exists(await scene.channel(), name), true);
      await second.cancel();
      assert.equal(await exists(await scene.channel(), name), false);
    },
  },
  {
    name: 'an exclusive queue goes with its connection [MS-045]',
    async run(scene) {
      const connection = await scene.connection();
      const channel = await connection.openChannel();
      const name = await scene.queue(channel, { exclusive: true, autoDelete: true });
      await scene.send(channel, name, 'a');
      await connection.close();
      assert.equal(await exists(await scene.channel(), name), false);
    },
  },
];
