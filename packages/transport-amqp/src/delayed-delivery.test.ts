import { describeWith } from '@ctq/test-services/vitest';
import { describe, expect, test } from 'vitest';
import { AmqpScene, inbox, textMessage, textOf } from './__fixtures__/amqp-scene.js';
import { delayedKey, deliveredBy, keyBehindBits, longestDelaySeconds } from './delayed-topology.js';

describe('The key of a delayed message', () => {
  test('has a word for each bit of the seconds, and then the key that it had [MS-226, TR-272]', () => {
    expect(delayedKey(5, 'a.b')).toBe(`${'0.'.repeat(25)}1.0.1.a.b`);
    expect(delayedKey(longestDelaySeconds, 'k')).toBe(`${'1.'.repeat(28)}k`);
    expect(keyBehindBits(delayedKey(77, 'a.b'))).toBe('a.b');
    expect(keyBehindBits('a.b')).toBeUndefined();
    expect(deliveredBy('a').split('.')).toHaveLength(29);
  });
});

describeWith('amqp', 'A message that is not due', (url) => {
  test('comes back to its own queue alone, with the headers it had, and without its time to live [MS-228, MS-229]', async () => {
    await using scene = new AmqpScene({ url });
    const channel = await scene.channel();
    const queue = await scene.queue(channel);
    const other = await scene.queue(channel, {}, `foo.${queue}`);
    await channel.publish(textMessage('x', { expiration: '60000', priority: 3 }, { task: 't' }), {
      exchange: '',
      routingKey: other,
    });
    const box = inbox();
    const stray = inbox();
    await channel.consume(other, {}, box.onDelivery);
    await channel.consume(queue, {}, stray.onDelivery);
    const dueAt = Date.now() + 1_300;
    await (await box.next()).park(dueAt);
    const early = await box.next();
    expect(textOf(early)).toBe('x');
    expect(early.route).toEqual({ exchange: '', routingKey: other });
    expect(early.redelivered).toBe(false);
    // Whole seconds in the broker; the rest is waited for here.
    await early.park(dueAt);
    const due = await box.next();
    expect(Date.now()).toBeGreaterThanOrEqual(dueAt);
    expect(due.message.headers['task']).toBe('t');
    expect(due.message.properties).toEqual({ deliveryMode: 2, priority: 3 });
    await due.park(Date.now() + 1_100);
    await (await box.next()).ack();
    expect(stray.count).toBe(0);
  });

  test('says where it was sent to, whichever level it waited in last [MS-228]', async () => {
    await using scene = new AmqpScene({ url });
    const channel = await scene.channel();
    const queue = await scene.queue(channel, { 'x-queue-type': 'quorum' });
    const box = inbox();
    await channel.consume(queue, {}, box.onDelivery);
    // From the level of two seconds it goes on by the exchange of the one below.
    for (const seconds of [1, 2]) {
      const routingKey = delayedKey(seconds, queue);
      await channel.publish(textMessage('x'), { exchange: 'celery_delayed_27', routingKey });
    }
    for (let index = 0; index < 2; index += 1) {
      const delivery = await box.next();
      expect(delivery.route).toEqual({ exchange: '', routingKey: queue });
      await delivery.ack();
    }
  });

  test('goes to a quorum queue by way of the waiting room at once, and to a classic one directly [TR-270, TR-271, TR-274, WK-029, WK-039]', async () => {
    await using scene = new AmqpScene({ url });
    const channel = await scene.channel();
    const quorum = await scene.queue(channel, { 'x-queue-type': 'quorum' });
    const classic = await scene.queue(channel);
    const notBefore = Date.now() + 1_200;
    const box = inbox();
    for (const routingKey of [quorum, classic]) {
      await channel.publish(textMessage(routingKey), { exchange: '', routingKey }, { notBefore, mandatory: true });
      await channel.publish(textMessage('now'), { exchange: '', routingKey }, { notBefore: Date.now() });
    }
    await channel.consume(quorum, {}, box.onDelivery);
    await channel.consume(classic, {}, box.onDelivery);
    const arrived: string[] = [];
    for (let index = 0; index < 4; index += 1) {
      const delivery = await box.next();
      arrived.push(textOf(delivery));
      await delivery.ack();
    }
    expect(arrived.slice(0, 3).sort()).toEqual([classic, 'now', 'now'].sort());
    expect(arrived[3]).toBe(quorum);
  });

  test('is kept by a connection of its own, and goes on being after that was lost', async () => {
    await using scene = new AmqpScene({ url });
    const connection = await scene.connection();
    const channel = await connection.openChannel();
    const queue = await scene.queue(channel);
    await channel.publish(textMessage('a'), { exchange: '', routingKey: queue });
    const held = await channel.get(queue);
    await held?.park(Date.now() + 3_600_000);
    expect(held?.isSettled).toBe(true);
    expect(await channel.get(queue)).toBeUndefined();
  });
});
