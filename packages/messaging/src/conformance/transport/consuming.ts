import assert from 'node:assert/strict';
import { deferred } from '@ctq/runtime';
import type { Delivery } from '../../transport/delivery.js';
import { fullMessage, textMessage, textOf, textsOf } from '../messages.js';
import type { TransportCase } from './case.js';

export const consumingCases: readonly TransportCase[] = [
  {
    name: 'a message arrives as it was sent: bytes, headers, properties [MS-053, MS-069]',
    async run(scene) {
      const channel = await scene.channel();
      const queue = await scene.queue(channel);
      const sent = fullMessage();
      await channel.publish(sent, { exchange: '', routingKey: queue });
      const delivery = await scene.fetch(channel, queue);
      assert.deepEqual([...delivery.message.body], [...sent.body]);
      assert.equal(delivery.message.contentType, sent.contentType);
      assert.equal(delivery.message.contentEncoding, sent.contentEncoding);
      assert.deepEqual(delivery.message.headers, sent.headers);
      assert.deepEqual(delivery.message.properties, sent.properties);
      assert.equal(delivery.redelivered, false);
      await delivery.ack();
    },
  },
  {
    name: 'an empty body arrives empty',
    async run(scene) {
      const channel = await scene.channel();
      const queue = await scene.queue(channel);
      await scene.send(channel, queue, '');
      const delivery = await scene.fetch(channel, queue);
      assert.equal(delivery.message.body.byteLength, 0);
      await delivery.ack();
    },
  },
  {
    name: 'a consumer gets what waits and what comes later, in the order of the queue [MS-063]',
    async run(scene) {
      const channel = await scene.channel();
      const queue = await scene.queue(channel);
      await scene.send(channel, queue, '0', '1', '2');
      const collector = scene.collector();
      await channel.consume(queue, {}, collector.onDelivery);
      const first = await collector.take(3);
      const other = await scene.channel();
      const later = Array.from({ length: 500 }, (_, index) => String(index + 3));
      await scene.send(other, queue, ...later);
      const rest = await collector.take(500);
      assert.deepEqual(textsOf([...first, ...rest]), ['0', '1', '2', ...later]);
      await Promise.all([...first, ...rest].map((delivery) => delivery.ack()));
    },
  },
  {
    name: 'an idle consumer is woken by a message from another connection, again and again [MS-094]',
    async run(scene) {
      const consumer = await scene.channel();
      const publisher = await scene.channel();
      const queue = await scene.queue(consumer);
      const collector = scene.collector();
      await consumer.consume(queue, {}, collector.onDelivery);
      for (let round = 0; round < 10; round += 1) {
        await scene.send(publisher, queue, String(round));
        const delivery = await collector.next();
        assert.equal(textOf(delivery), String(round));
        await delivery.ack();
      }
    },
  },
  {
    name: 'one channel consumes from several queues, and none of them starves [MS-095]',
    async run(scene) {
      const channel = await scene.channel();
      const queues = [await scene.queue(channel), await scene.queue(channel), await scene.queue(channel)];
      for (const queue of queues) await scene.send(channel, queue, ...Array.from({ length: 20 }, () => queue));
      await channel.setPrefetch(5);
      const collector = scene.collector();
      for (const queue of queues) await channel.consume(queue, {}, collector.onDelivery);
      const served: string[] = [];
      for (let count = 0; count < 60; count += 1) {
        const delivery = await collector.next();
        assert.equal(textOf(delivery), delivery.queue);
        served.push(delivery.queue);
        await delivery.ack();
      }
      const lastFirstTurn = Math.max(...queues.map((queue) => served.indexOf(queue)));
      assert.ok(lastFirstTurn < 40, `a queue had to wait until the others were empty: ${lastFirstTurn}`);
    },
  },
  {
    name: 'two consumers share a queue: each message goes to one of them',
    async run(scene) {
      const [one, other] = [await scene.channel(), await scene.channel()];
      const queue = await scene.queue(one);
      const total = 200;
      const seen: string[] = [];
      const all = deferred();
      const onDelivery = (delivery: Delivery): void => {
        seen.push(textOf(delivery));
        delivery.ack().then(() => (seen.length >= total ? all.resolve() : undefined), all.reject);
      };
      for (const channel of [one, other]) {
        await channel.setPrefetch(10);
        await channel.consume(queue, {}, onDelivery);
      }
      await scene.send(one, queue, ...Array.from({ length: total }, (_, index) => String(index)));
      await scene.eventually('all messages', all.promise);
      assert.equal(new Set(seen).size, total);
      assert.equal(seen.length, total);
    },
  },
  {
    name: 'without acknowledgements a message is gone when it is delivered, and settling it does nothing [MS-061]',
    async run(scene) {
      const connection = await scene.connection();
      const channel = await connection.openChannel();
      const queue = await scene.queue(channel);
      const collector = scene.collector();
      await channel.setPrefetch(1);
      await channel.consume(queue, { noAck: true }, collector.onDelivery);
      await scene.send(channel, queue, 'a', 'b', 'c');
      const [first, ...others] = await collector.take(3);
      assert.deepEqual(textsOf(others), ['b', 'c']);
      await first?.reject({ requeue: true });
      await connection.close();
      assert.deepEqual(textsOf(await scene.drain(await scene.channel(), queue)), []);
    },
  },
  {
    name: 'get takes one message, or tells that there is none [MS-047]',
    async run(scene) {
      const channel = await scene.channel();
      const queue = await scene.queue(channel);
      assert.equal(await channel.get(queue), undefined);
      await scene.send(channel, queue, 'a', 'b');
      const delivery = await scene.fetch(channel, queue);
      assert.equal(textOf(delivery), 'a');
      await delivery.ack();
      const unheld = await channel.get(queue, { noAck: true });
      assert.equal(unheld && textOf(unheld), 'b');
      assert.equal(await channel.get(queue), undefined);
    },
  },
  {
    name: 'a cancelled consumer is given nothing more, and settles what it was given [MS-063]',
    async run(scene) {
      const channel = await scene.channel();
      const queue = await scene.queue(channel);
      const collector = scene.collector();
      const subscription = await channel.consume(queue, {}, collector.onDelivery);
      await scene.send(channel, queue, 'a');
      const delivery = await collector.next();
      await subscription.cancel();
      await subscription.cancel();
      assert.deepEqual(await scene.eventually('the end of the subscription', subscription.ended), {});
      const other = await scene.channel();
      await scene.send(other, queue, 'b');
      assert.equal(textOf(await scene.fetch(other, queue)), 'b');
      await delivery.ack();
      assert.equal(collector.all.length, 1);
    },
  },
  {
    name: 'a storm of messages meets a consumer that is cancelled: every message is delivered or still waits',
    async run(scene) {
      const channel = await scene.channel();
      const queue = await scene.queue(channel);
      const sending = scene.send(channel, queue, ...Array.from({ length: 300 }, (_, index) => String(index)));
      const collector = scene.collector();
      const subscription = await channel.consume(queue, {}, collector.onDelivery);
      await collector.take(1);
      await subscription.cancel();
      const given = collector.all.length;
      await sending;
      const waiting = await scene.drain(await scene.channel(), queue);
      assert.equal(collector.all.length, given);
      assert.equal(new Set([...textsOf(collector.all), ...textsOf(waiting)]).size, 300);
      assert.equal(given + waiting.length, 300);
    },
  },
  {
    name: 'consumers of a deleted queue end',
    async run(scene) {
      const connection = await scene.connection();
      const channel = await connection.openChannel();
      const queue = await scene.queue(channel);
      const subscription = await channel.consume(queue, {}, () => undefined);
      await (await connection.openChannel()).deleteQueue(queue);
      await scene.eventually('the end of the subscription', subscription.ended);
    },
  },
  {
    name: 'messages published in one turn arrive in that order [MS-052]',
    async run(scene) {
      const channel = await scene.channel();
      const queue = await scene.queue(channel);
      const exchange = await scene.exchange(channel, 'direct');
      await channel.bindQueue({ exchange, queue, routingKey: 'k' });
      const texts = Array.from({ length: 100 }, (_, index) => String(index));
      await Promise.all(texts.map((text) => channel.publish(textMessage(text), { exchange, routingKey: 'k' })));
      assert.deepEqual(textsOf(await scene.drain(channel, queue)), texts);
    },
  },
];
