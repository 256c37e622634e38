import type { Delivery } from '@ctq/messaging/transport';
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
    test.for(['goes on', 'ends', 'has ended before'])(
      'gives back what is not settled, and keeps what was acknowledged in whatever order, when the connection is closed and the consumer %s',
      async (consumer) => {
        await using scene = new AmqpScene({ url });
        const channel = await scene.channel();
        const consuming = await scene.connection();
        const own = await consuming.openChannel();
        const queue = await scene.queue(own, given);
        const texts = Array.from({ length: 90 }, (_, index) => String(index));
        await Promise.all(texts.map((text) => channel.publish(textMessage(text), { exchange: '', routingKey: queue })));
        const box = inbox();
        await own.setPrefetch(60);
        const subscription = await own.consume(queue, {}, box.onDelivery);
        const deliveries = [];
        while (deliveries.length < 60) deliveries.push(await box.next());
        if (consumer === 'has ended before') await subscription.cancel();
        const held = deliveries.filter((_, index) => index % 7 === 3);
        const done = deliveries.filter((delivery) => !held.includes(delivery)).reverse();
        // A few more than RabbitMQ sends to a quorum queue at once, and the end of the channel right behind them.
        const acknowledging = Promise.all(done.map((delivery) => delivery.ack()));
        if (consumer === 'ends') await subscription.cancel();
        await Promise.all([acknowledging, consuming.close()]);
        const left: Delivery[] = [];
        for (let next = await channel.get(queue); next !== undefined; next = await channel.get(queue)) {
          left.push(next);
          await next.ack();
        }
        const acknowledged = done.map(textOf);
        expect(left.map(textOf).sort()).toEqual(texts.filter((text) => !acknowledged.includes(text)).sort());
        const [again, fresh] = [true, false].map((is) =>
          left.filter(({ redelivered }) => redelivered === is).map(textOf),
        );
        expect(again).toEqual(expect.arrayContaining(held.map(textOf)));
        // Without a consumer what waited is given to nobody, not even for the moment of a close.
        const delivered = deliveries.map(textOf);
        const waited = consumer === 'has ended before' ? texts.filter((text) => !delivered.includes(text)) : [];
        expect(fresh).toEqual(expect.arrayContaining(waited));
      },
    );

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

  test('what is rejected, too old or too much goes to where the queue says, with its history, which a message does not carry on [MS-044]', async () => {
    await using scene = new AmqpScene({ url });
    const channel = await scene.channel();
    const dead = await scene.queue(channel);
    const deadLetter = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': dead };
    const rejecting = await scene.queue(channel, deadLetter);
    const expiring = await scene.queue(channel, { ...deadLetter, 'x-message-ttl': 1 });
    const short = await scene.queue(channel, { ...deadLetter, 'x-max-length': 1 });
    const box = inbox();
    await channel.consume(dead, {}, box.onDelivery);
    const next = async (): Promise<string> => {
      const delivery = await box.next();
      await delivery.ack();
      const [death] = delivery.message.headers['x-death'] as { reason: string; time: string }[];
      expect(Date.parse(death?.time ?? '')).toBeGreaterThan(0);
      return `${textOf(delivery)} ${death?.reason}`;
    };
    await channel.publish(textMessage('r'), { exchange: '', routingKey: rejecting });
    await channel.consume(rejecting, {}, (delivery) => void delivery.reject({ requeue: false }));
    expect(await next()).toBe('r rejected');
    await channel.publish(textMessage('e'), { exchange: '', routingKey: expiring });
    expect(await next()).toBe('e expired');
    for (const text of ['1', '2']) await channel.publish(textMessage(text), { exchange: '', routingKey: short });
    expect(await next()).toBe('1 maxlen');
  });

  test("an exclusive queue is its connection's alone: others are refused, and nothing of theirs ends", async () => {
    await using scene = new AmqpScene({ url });
    const owner = await scene.channel();
    const { name } = await owner.declareQueue({ name: '', durable: false, exclusive: true, autoDelete: true });
    const box = inbox();
    await owner.consume(name, {}, box.onDelivery);
    const stranger = await scene.channel();
    const own = await scene.queue(stranger);
    await expect(stranger.consume(name, {}, () => undefined)).rejects.toMatchObject({ code: 'CTQ_TOPOLOGY_MISMATCH' });
    await stranger.publish(textMessage('x'), { exchange: '', routingKey: name }, { mandatory: true });
    await stranger.publish(textMessage('y'), { exchange: '', routingKey: own });
    expect(textOf(await box.next())).toBe('x');
  });

  test('the consumer of a queue that is deleted is told, and those of others go on', async () => {
    await using scene = new AmqpScene({ url });
    const channel = await scene.channel();
    const [gone, stays] = [await scene.queue(channel), await scene.queue(channel)];
    const box = inbox();
    const ending = await channel.consume(gone, {}, box.onDelivery);
    await channel.consume(stays, {}, box.onDelivery);
    await channel.deleteQueue(gone);
    expect((await ending.ended).error?.message).toContain(gone);
    await channel.publish(textMessage('on'), { exchange: '', routingKey: stays });
    expect(textOf(await box.next())).toBe('on');
  });
});
