import { exchange, type Queue, queue } from '@ctq/messaging';
import { type PrivateRabbit, startRabbitServer } from '@ctq/test-services';
import { describeWithPrograms } from '@ctq/test-services/vitest';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AmqpScene, inbox } from './__fixtures__/amqp-scene.js';
import { eventually, patienceMs, Program, quorumPatienceMs, textMessage, within } from './__fixtures__/program.js';
import { amqp } from './amqp-transport.js';

describeWithPrograms(['rabbitmq-server'], 'When RabbitMQ goes away and comes back', () => {
  let rabbit: PrivateRabbit;
  beforeAll(async () => {
    rabbit = await startRabbitServer();
  }, 120_000);
  afterAll(() => rabbit.stop());

  /** Of all kinds: two that stay, and two that go with the connection that declared them, or that consumed from them. */
  async function programWithQueues() {
    const suffix = crypto.randomUUID();
    const shop = exchange(`shop-${suffix}`, { type: 'topic', durable: true });
    const classic = queue(`classic-${suffix}`, { exchange: shop, routingKey: 'classic.#' });
    const quorum = queue(`quorum-${suffix}`, { arguments: { 'x-queue-type': 'quorum' } });
    const passing = [
      queue(`exclusive-${suffix}`, { durable: false, exclusive: true }),
      queue(`auto-delete-${suffix}`, { durable: false, autoDelete: true }),
    ];
    // Set up in this order.
    const program = await Program.start(amqp({ url: rabbit.url }), [classic, ...passing, quorum], {
      publishTimeoutMs: 5_000,
    });
    const hearsOn = async (what: string, queues: readonly Queue[], ms: number): Promise<void> => {
      const publishing = Promise.all(queues.map(({ name }) => program.publish(`${what} to ${name}`, name)));
      await within(ms, `publishing ${what}`, publishing);
      await program.arrivals(
        queues.map(({ name }) => `${what} to ${name}`),
        ms,
      );
    };
    return {
      program,
      lasting: [classic, quorum],
      /** All queues are consumed from. */
      async hears(what: string): Promise<void> {
        await hearsOn(what, [classic, ...passing], patienceMs);
        await hearsOn(what, [quorum], quorumPatienceMs);
      },
    };
  }

  const ends: Readonly<Record<string, () => Promise<void>>> = {
    // Before those after which its broker was stopped and started: RabbitMQ 3.10 brings a quorum queue that was declared since then back from a kill
    // without its log, and answers nobody who asks for it.
    'it is killed and started with its data': async () => {
      await rabbit.kill();
      await rabbit.startAgain();
    },
    'an operator ends all connections': () => rabbit.closeAllConnections('maintenance'),
    'its broker is stopped and started': async () => {
      await rabbit.stopApp();
      await rabbit.startApp();
    },
    'it is frozen for twelve seconds': async () => {
      rabbit.freeze();
      await new Promise((resolve) => setTimeout(resolve, 12_000));
      rabbit.thaw();
    },
  };

  test.for(Object.entries(ends))(
    '%s: nothing that was confirmed is lost, and every queue is there and is consumed from',
    { timeout: 180_000 },
    async ([, end]) => {
      const { program, lasting, hears } = await programWithQueues();
      await hears('before');
      const stopPublishing = program.keepPublishing(lasting);
      await end();
      await hears('after');
      const confirmed = await stopPublishing();
      expect(confirmed.length).toBeGreaterThan(0);
      await program.arrivals(confirmed, quorumPatienceMs);
      await eventually(() => program.events.includes('resumed'));
      const [first] = program.events;
      expect(first).toMatchObject({ interrupted: { code: 'CTQ_TRANSPORT_CONNECTION', recoverable: true } });
    },
  );

  test("the operator's reason is what the consumer is told", { timeout: 60_000 }, async () => {
    const { program } = await programWithQueues();
    await rabbit.closeAllConnections('moving house');
    await eventually(() => program.events.length > 0);
    expect(program.events[0]).toMatchObject({ interrupted: { message: expect.stringContaining('moving house') } });
  });

  test('a consumer of a quorum queue ends also when the broker has fallen silent after an acknowledgement', {
    timeout: 60_000,
  }, async () => {
    await using scene = new AmqpScene({ url: rabbit.url });
    const channel = await scene.channel();
    const name = await scene.queue(channel, { 'x-queue-type': 'quorum' });
    await channel.publish(textMessage('a'), { exchange: '', routingKey: name });
    const box = inbox();
    await channel.consume(name, {}, box.onDelivery);
    await (await box.next()).ack();
    rabbit.freeze();
    try {
      await within(patienceMs, 'the end', channel.close());
    } finally {
      rabbit.thaw();
    }
  });
});
