import { describeWith } from '@ctq/test-services/vitest';
import { expect, test } from 'vitest';
import { AmqpScene, inbox, textMessage, textOf } from './__fixtures__/amqp-scene.js';

const reasonOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(() => undefined).catch((error: unknown) => error);

describeWith('amqp', 'Publishing to RabbitMQ', (url) => {
  test('to an exchange that is not there fails for good; what was under way to others may be tried again [MS-128]', async () => {
    await using scene = new AmqpScene({ url });
    const channel = await scene.channel();
    const queue = await scene.queue(channel);
    const missing = reasonOf(channel.publish(textMessage('x'), { exchange: 'not-there', routingKey: 'k' }));
    const other = reasonOf(channel.publish(textMessage('y'), { exchange: '', routingKey: queue }));
    expect(await missing).toMatchObject({ code: 'CTQ_TOPOLOGY_NOT_FOUND', recoverable: false });
    // It may have been confirmed before.
    const said = (await other) ?? { code: 'CTQ_CHANNEL_CLOSED', recoverable: true };
    expect(said).toMatchObject({ code: 'CTQ_CHANNEL_CLOSED', recoverable: true });
    await channel.publish(textMessage('after'), { exchange: '', routingKey: queue });
    const texts: string[] = [];
    for (let next = await channel.get(queue); next !== undefined; next = await channel.get(queue))
      texts.push(textOf(next));
    expect(texts.at(-1)).toBe('after');
  });

  test('of many that are mandatory rejects those that no queue took, and only those [MS-059, MS-125]', async () => {
    await using scene = new AmqpScene({ url });
    const channel = await scene.channel();
    const queue = await scene.queue(channel);
    const publishes = Array.from({ length: 200 }, (_, index) =>
      reasonOf(
        channel.publish(
          textMessage(String(index), index % 5 === 0 ? {} : { correlationId: String(index % 7) }),
          { exchange: '', routingKey: index % 3 === 0 ? `${queue}-not` : queue },
          { mandatory: true },
        ),
      ),
    );
    const outcomes = await Promise.all(publishes);
    const expected = outcomes.map((_, index) => (index % 3 === 0 ? 'CTQ_UNROUTABLE' : undefined));
    expect(outcomes.map((error) => (error as { code?: string } | undefined)?.code)).toEqual(expected);
  });

  test('to a queue that is full and rejects is an error that may be tried again', async () => {
    await using scene = new AmqpScene({ url });
    const channel = await scene.channel();
    const queue = await scene.queue(channel, { 'x-max-length': 1, 'x-overflow': 'reject-publish' });
    const route = { exchange: '', routingKey: queue };
    await channel.publish(textMessage('fits'), route);
    for (const text of ['does not', 'nor does this'])
      expect(await reasonOf(channel.publish(textMessage(text), route))).toMatchObject({
        code: 'CTQ_PUBLISH_REFUSED',
        recoverable: true,
      });
    await (await channel.get(queue))?.ack();
    await channel.publish(textMessage('there is room again'), route);
  });

  test('of what AMQP cannot say is an error of that message alone', async () => {
    await using scene = new AmqpScene({ url });
    const channel = await scene.channel();
    const queue = await scene.queue(channel);
    const route = { exchange: '', routingKey: queue };
    const bad = [
      textMessage('a', { expiration: 'soon' }),
      textMessage('b', {}, { '!': { '!': 1 } }),
      textMessage('c', {}, { big: 2n ** 70n }),
      textMessage('d', {}, { [`${'x'.repeat(256)}`]: 1 }),
      textMessage('e', {}, { large: 'x'.repeat(200_000) }),
    ];
    const good = bad.map((_, index) => channel.publish(textMessage(String(index)), route));
    for (const message of bad)
      expect(await reasonOf(channel.publish(message, route))).toMatchObject({ code: 'CTQ_ENCODE' });
    await Promise.all(good);
    expect(
      (await channel.declareQueue({ name: queue, durable: true, exclusive: false, autoDelete: false })).messageCount,
    ).toBe(5);
  });

  test('carries every header that has a type there [MS-130]', async () => {
    await using scene = new AmqpScene({ url });
    const channel = await scene.channel();
    const queue = await scene.queue(channel);
    const headers = {
      ...{ text: 'ä ✓', int: 7, negative: -40_000, long: 1_763_780_000_000, minus: -1_763_780_000_000, half: 0.5 },
      ...{ yes: true, nothing: null, list: [1, 'a', null, [2.5]], table: { deep: { er: 2 ** 40 } } },
    };
    await channel.publish(textMessage('x', { timestamp: 1_763_780_000_000 }, headers), {
      exchange: '',
      routingKey: queue,
    });
    const box = inbox();
    await channel.consume(queue, {}, box.onDelivery);
    const { message } = await box.next();
    expect(message.headers).toEqual(headers);
    expect(message.properties).toEqual({ deliveryMode: 2, timestamp: 1_763_780_000_000 });
  });
});
