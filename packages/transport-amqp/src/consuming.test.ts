import { describeWith } from '@ctq/test-services/vitest';
import { describe, expect, test } from 'vitest';
import { AmqpScene, inbox, textMessage, textOf } from './__fixtures__/amqp-scene.js';

const kinds = [
  ['a classic queue', {}],
  ['a quorum queue', { 'x-queue-type': 'quorum' }],
  ['a priority queue', { 'x-max-priority': 9 }],
] as const;

describeWith('amqp', 'Consuming from RabbitMQ', (url) => {
  describe.each(kinds)('%s', (_what, given) => {
    test('gives back what is not settled, and keeps what was acknowledged in whatever order', async () => {
      await using scene = new AmqpScene({ url });
      const channel = await scene.channel();
      const queue = await scene.queue(channel, given);
      const texts = Array.from({ length: 300 }, (_, index) => String(index));
      await Promise.all(texts.map((text) => channel.publish(textMessage(text), { exchange: '', routingKey: queue })));
      const consuming = await scene.connection();
      const consumer = await consuming.openChannel();
      const box = inbox();
      await consumer.setPrefetch(300);
      await consumer.consume(queue, {}, box.onDelivery);
      const deliveries = [];
      for (const _text of texts) deliveries.push(await box.next());
      const kept = deliveries.filter((_, index) => index % 7 === 3);
      const done = deliveries.filter((delivery) => !kept.includes(delivery)).reverse();
      await Promise.all(done.map((delivery) => delivery.ack()));
      await consuming.close();
      const left: string[] = [];
      for (let next = await channel.get(queue); next !== undefined; next = await channel.get(queue)) {
        left.push(textOf(next));
        expect(next.redelivered).toBe(true);
        await next.ack();
      }
      expect(left.sort()).toEqual(kept.map(textOf).sort());
    });

    test('is asked for another number of messages while some are in hand: never more than that, and all of them come [MS-089]', async () => {
      await using scene = new AmqpScene({ url });
      const channel = await scene.channel();
      const queue = await scene.queue(channel, given);
      await channel.setPrefetch(8);
      const box = inbox();
      await channel.consume(queue, {}, box.onDelivery);
      const publisher = await scene.channel();
      const sent = Array.from({ length: 60 }, (_, index) => String(index));
      for (const text of sent) await publisher.publish(textMessage(text), { exchange: '', routingKey: queue });
      const seen = new Set<string>();
      const hand = [];
      const limits = [8, 2, 20, 1, 5];
      for (let taken = 0; taken < sent.length; taken += 1) {
        const limit = limits[taken % limits.length] ?? 1;
        await channel.setPrefetch(limit);
        const next = await box.next();
        hand.push(next);
        seen.add(textOf(next));
        expect(box.count - taken).toBeLessThanOrEqual(Math.max(...limits));
        while (hand.length > 0) await hand.shift()?.ack();
      }
      expect(seen.size).toBe(sent.length);
      const { messageCount } = await publisher.declareQueue({
        name: queue,
        durable: true,
        exclusive: false,
        autoDelete: false,
        passive: true,
      });
      expect(messageCount).toBe(0);
    });
  });

  test('a quorum queue counts how often a message was delivered', async () => {
    await using scene = new AmqpScene({ url });
    const channel = await scene.channel();
    const queue = await scene.queue(channel, { 'x-queue-type': 'quorum' });
    await channel.publish(textMessage('a'), { exchange: '', routingKey: queue });
    const box = inbox();
    await channel.consume(queue, {}, box.onDelivery);
    const counts = [];
    for (let round = 0; round < 3; round += 1) {
      const delivery = await box.next();
      counts.push(delivery.deliveryCount ?? 0);
      expect(delivery.message.headers).toEqual({});
      await delivery.reject({ requeue: true });
    }
    await (await box.next()).ack();
    expect(counts).toEqual([0, 1, 2]);
  });

  test('several queues share the prefetch of their channel', async () => {
    await using scene = new AmqpScene({ url });
    const channel = await scene.channel();
    const queues = [await scene.queue(channel), await scene.queue(channel), await scene.queue(channel)];
    for (const routingKey of queues)
      await Promise.all(
        Array.from({ length: 10 }, () => channel.publish(textMessage('x'), { exchange: '', routingKey })),
      );
    await channel.setPrefetch(4);
    const box = inbox();
    for (const queue of queues) await channel.consume(queue, {}, box.onDelivery);
    const hand = [await box.next(), await box.next(), await box.next(), await box.next()];
    // An answer of the broker later nothing more has come.
    await channel.declareQueue({ name: queues[0] ?? '', durable: true, exclusive: false, autoDelete: false });
    expect(box.count).toBe(4);
    for (let taken = 4; taken < 30; taken += 1) {
      await hand.shift()?.ack();
      hand.push(await box.next());
      expect(box.count).toBe(taken + 1);
    }
    await Promise.all(hand.map((delivery) => delivery.ack()));
  });
});
