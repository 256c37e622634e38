import assert from 'node:assert/strict';
import { textMessage, textsOf } from '../messages.js';
import { requirePriority, requireTtl, type TransportCase } from './case.js';

/** RabbitMQ's classic queues keep priorities only when they are told so; others take no notice. */
const withPriorities = { arguments: { 'x-max-priority': 9 } };

export const orderingCases: readonly TransportCase[] = [
  {
    name: 'the more urgent message comes first, among equals the older [MS-097]',
    requires: requirePriority,
    async run(scene) {
      const channel = await scene.channel();
      const queue = await scene.queue(channel, withPriorities);
      const priorities = [0, 9, 0, 9];
      for (const [index, priority] of priorities.entries()) {
        const message = textMessage(`${priority}${'abcd'[index]}`, { priority });
        await channel.publish(message, { exchange: '', routingKey: queue });
      }
      const urgentFirst =
        scene.supports.priority === 'high-first' ? ['9b', '9d', '0a', '0c'] : ['0a', '0c', '9b', '9d'];
      assert.deepEqual(textsOf(await scene.drain(channel, queue)), urgentFirst);
    },
  },
  {
    name: 'a message without a priority has priority 0 [MS-097]',
    requires: requirePriority,
    async run(scene) {
      const channel = await scene.channel();
      const queue = await scene.queue(channel, withPriorities);
      await channel.publish(textMessage('none'), { exchange: '', routingKey: queue });
      await channel.publish(textMessage('zero', { priority: 0 }), { exchange: '', routingKey: queue });
      await channel.publish(textMessage('nine', { priority: 9 }), { exchange: '', routingKey: queue });
      const expected = scene.supports.priority === 'high-first' ? ['nine', 'none', 'zero'] : ['none', 'zero', 'nine'];
      assert.deepEqual(textsOf(await scene.drain(channel, queue)), expected);
    },
  },
  {
    name: 'a message that has expired is not delivered [MS-056]',
    requires: requireTtl,
    async run(scene) {
      const channel = await scene.channel();
      const queue = await scene.queue(channel);
      await channel.publish(textMessage('expired', { expiration: '0' }), { exchange: '', routingKey: queue });
      await channel.publish(textMessage('lives', { expiration: '60000' }), { exchange: '', routingKey: queue });
      const collector = scene.collector();
      await channel.consume(queue, {}, collector.onDelivery);
      const delivery = await collector.next();
      assert.deepEqual(textsOf(collector.all), ['lives']);
      await delivery.ack();
    },
  },
  {
    name: "a queue's time to live holds for each of its messages [MS-044]",
    requires: requireTtl,
    async run(scene) {
      const channel = await scene.channel();
      const queue = await scene.queue(channel, { arguments: { 'x-message-ttl': 0 } });
      const lasting = await scene.queue(channel, { arguments: { 'x-message-ttl': 60_000 } });
      await scene.send(channel, queue, 'expired');
      await scene.send(channel, lasting, 'lives');
      assert.equal(await channel.get(queue), undefined);
      assert.deepEqual(textsOf(await scene.drain(channel, lasting)), ['lives']);
    },
  },
  {
    name: "the shorter of a message's and its queue's time to live counts",
    requires: requireTtl,
    async run(scene) {
      const channel = await scene.channel();
      const queue = await scene.queue(channel, { arguments: { 'x-message-ttl': 60_000 } });
      await channel.publish(textMessage('expired', { expiration: '0' }), { exchange: '', routingKey: queue });
      await scene.send(channel, queue, 'lives');
      assert.deepEqual(textsOf(await scene.drain(channel, queue)), ['lives']);
    },
  },
];
