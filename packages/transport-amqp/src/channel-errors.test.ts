import { TopologyMismatchError, TopologyNotFoundError } from '@ctq/messaging';
import { DeliveryCollector } from '@ctq/messaging/conformance';
import type { Channel, TransportConnection } from '@ctq/messaging/transport';
import { silentLogger, systemClock } from '@ctq/runtime';
import { amqpVhost, startRabbitServer } from '@ctq/test-services';
import { describeWith, describeWithPrograms } from '@ctq/test-services/vitest';
import { expect, onTestFinished, test } from 'vitest';
import { textMessage, textOf, within } from './__fixtures__/program.js';
import { amqp } from './amqp-transport.js';

const lasting = { durable: true, exclusive: false, autoDelete: false } as const;

async function connect(url: string): Promise<TransportConnection> {
  const context = { clock: systemClock, logger: silentLogger };
  const connection = await amqp({ url }).connect(context, AbortSignal.timeout(10_000));
  onTestFinished(() => connection.close());
  return connection;
}

/** A queue of the test's own with a consumer on it. */
async function consumerOn(channel: Channel) {
  const name = `channel-errors-${crypto.randomUUID()}`;
  await channel.declareQueue({ ...lasting, name });
  onTestFinished(() => void channel.deleteQueue(name).catch(() => undefined));
  const got = new DeliveryCollector(10_000);
  const subscription = await channel.consume(name, {}, got.onDelivery);
  let hasEnded = false;
  void subscription.ended.then(() => {
    hasEnded = true;
  });
  return { name, got, hasEnded: () => hasEnded };
}

describeWith('amqp', 'What RabbitMQ refuses by closing a channel', (server) => {
  const url = amqpVhost(server, 'transportChannelErrors');
  const missing = `missing-${crypto.randomUUID()}`;

  /** Each is refused, and closes the channel of AMQP on which it was asked. */
  const refused: Readonly<
    Record<string, { ask: (channel: Channel, existing: string) => Promise<unknown>; as: unknown }>
  > = {
    'to consume from a queue that does not exist (404)': {
      ask: (channel) => channel.consume(missing, {}, () => undefined),
      as: TopologyNotFoundError,
    },
    'to get from a queue that does not exist (404)': {
      ask: (channel) => channel.get(missing),
      as: TopologyNotFoundError,
    },
    'to look for a queue that does not exist (404)': {
      ask: (channel) => channel.declareQueue({ ...lasting, name: missing, passive: true }),
      as: TopologyNotFoundError,
    },
    'to publish to an exchange that does not exist (404)': {
      ask: (channel) => channel.publish(textMessage('lost'), { exchange: missing, routingKey: 'any' }),
      as: TopologyNotFoundError,
    },
    'to bind to an exchange that does not exist (404)': {
      ask: (channel, queue) => channel.bindQueue({ exchange: missing, queue, routingKey: 'any' }),
      as: TopologyNotFoundError,
    },
    'to declare a queue with other arguments (406)': {
      ask: (channel, name) => channel.declareQueue({ ...lasting, name, arguments: { 'x-max-priority': 10 } }),
      as: TopologyMismatchError,
    },
    'to delete a queue that is consumed from (406)': {
      ask: (channel, name) => channel.deleteQueue(name, { ifUnused: true }),
      as: TopologyMismatchError,
    },
  };

  test.for(Object.entries(refused))(
    '%s leaves all consumers of the connection alone, and what they hold',
    async ([, { ask, as }]) => {
      const connection = await connect(url);
      const channel = await connection.openChannel();
      const other = await connection.openChannel();
      const own = await consumerOn(channel);
      const neighbour = await consumerOn(other);
      await channel.publish(textMessage('held'), { exchange: '', routingKey: own.name });
      await other.publish(textMessage('held'), { exchange: '', routingKey: neighbour.name });
      const held = [await own.got.next(), await neighbour.got.next()];

      await expect(ask(channel, own.name)).rejects.toBeInstanceOf(as);

      for (const delivery of held) {
        expect(await delivery.isHeld()).toBe(true);
        await delivery.ack();
      }
      await channel.publish(textMessage('after'), { exchange: '', routingKey: own.name });
      await other.publish(textMessage('after'), { exchange: '', routingKey: neighbour.name });
      for (const { got, hasEnded } of [own, neighbour]) {
        const delivery = await got.next();
        expect([textOf(delivery), delivery.redelivered]).toEqual(['after', false]);
        await delivery.ack();
        expect(hasEnded()).toBe(false);
      }
      // And it is asked again as if nothing had been.
      await expect(ask(channel, own.name)).rejects.toBeInstanceOf(as);
    },
  );

  test('publishes that are under way beside one that is refused are confirmed or rejected, and those that are confirmed arrive', async () => {
    const connection = await connect(url);
    const channel = await connection.openChannel();
    const { name, got } = await consumerOn(channel);
    const good = Array.from({ length: 20 }, (_, n) => `good ${n}`);
    const toGood = (text: string): Promise<void> =>
      channel.publish(textMessage(text), { exchange: '', routingKey: name });
    const publishing = [
      ...good.slice(0, 10).map(toGood),
      channel.publish(textMessage('bad'), { exchange: missing, routingKey: 'any' }),
      ...good.slice(10).map(toGood),
    ];
    const outcomes = await within(10_000, 'the outcome of each', Promise.allSettled(publishing));
    const [bad] = outcomes.splice(10, 1);
    expect(bad).toMatchObject({ status: 'rejected', reason: expect.any(TopologyNotFoundError) });
    const reasons = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
    expect(reasons).toEqual(reasons.map(() => expect.objectContaining({ recoverable: true })));
    const confirmed = good.filter((_, n) => outcomes[n]?.status === 'fulfilled');
    await toGood('last');
    const texts: string[] = [];
    while (!texts.includes('last')) {
      const delivery = await got.next();
      texts.push(textOf(delivery));
      await delivery.ack();
    }
    expect(texts).toEqual(expect.arrayContaining(confirmed));
  });

  test('a queue that is deleted under its consumer ends that one subscription, with a reason', async () => {
    const connection = await connect(url);
    const channel = await connection.openChannel();
    const name = `deleted-${crypto.randomUUID()}`;
    await channel.declareQueue({ ...lasting, name });
    const subscription = await channel.consume(name, {}, () => undefined);
    const neighbour = await consumerOn(channel);
    await (await connection.openChannel()).deleteQueue(name);
    const { error } = await within(10_000, 'the end', subscription.ended);
    expect(error).toMatchObject({ message: expect.stringContaining(name) });
    await channel.publish(textMessage('after'), { exchange: '', routingKey: neighbour.name });
    expect(textOf(await neighbour.got.next())).toBe('after');
    expect(neighbour.hasEnded()).toBe(false);
  });
});

describeWithPrograms(['rabbitmq-server'], 'A message that is held for longer than the consumer_timeout', () => {
  test('is no longer held, comes back, and ends the subscription with an error; others stay', {
    timeout: 180_000,
  }, async () => {
    // It is looked for once a minute, or as often as that says.
    await using rabbit = await startRabbitServer({
      config: { consumer_timeout: 10_000 },
      environment: { channel_tick_interval: 1_000 },
    });
    const connection = await connect(rabbit.url);
    const channel = await connection.openChannel();
    const neighbour = await consumerOn(channel);
    await channel.declareQueue({ ...lasting, name: 'slow' });
    const got = new DeliveryCollector(10_000);
    const subscription = await channel.consume('slow', {}, got.onDelivery);
    await channel.publish(textMessage('too long'), { exchange: '', routingKey: 'slow' });
    const delivery = await got.next();
    expect(await delivery.isHeld()).toBe(true);

    const { error } = await within(90_000, 'the end of the subscription', subscription.ended);
    expect(error).toMatchObject({ message: expect.stringMatching(/delivery acknowledgement .* timed out/) });
    expect(await delivery.isHeld()).toBe(false);
    await expect(delivery.ack()).rejects.toMatchObject({ code: 'CTQ_CHANNEL_CLOSED' });

    const again = new DeliveryCollector(10_000);
    await channel.consume('slow', {}, again.onDelivery);
    const second = await again.next();
    expect([textOf(second), second.redelivered]).toEqual(['too long', true]);
    await second.ack();
    await channel.publish(textMessage('after'), { exchange: '', routingKey: neighbour.name });
    expect(textOf(await neighbour.got.next())).toBe('after');
    expect(neighbour.hasEnded()).toBe(false);
  });
});
