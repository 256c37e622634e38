import { exchange, queue } from '@ctq/messaging';
import { type PrivateRabbit, startRabbitServer } from '@ctq/test-services';
import { describeWithPrograms } from '@ctq/test-services/vitest';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually, patienceMs, Program, within } from './__fixtures__/program.js';
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
    const lasting = [
      queue(`classic-${suffix}`, { exchange: shop, routingKey: 'classic.#' }),
      queue(`quorum-${suffix}`, { arguments: { 'x-queue-type': 'quorum' } }),
    ];
    const passing = [
      queue(`exclusive-${suffix}`, { durable: false, exclusive: true }),
      queue(`auto-delete-${suffix}`, { durable: false, autoDelete: true }),
    ];
    const program = await Program.start(amqp({ url: rabbit.url }), [...lasting, ...passing]);
    return {
      program,
      lasting,
      /** All queues are consumed from. */
      async hears(what: string): Promise<void> {
        for (const { name } of [...lasting, ...passing]) await program.publish(`${what} to ${name}`, name);
        await program.arrivals([...lasting, ...passing].map(({ name }) => `${what} to ${name}`));
      },
    };
  }

  const ends: Readonly<Record<string, () => Promise<void>>> = {
    'an operator ends all connections': () => rabbit.closeAllConnections('maintenance'),
    'its broker is stopped and started': async () => {
      await rabbit.stopApp();
      await rabbit.startApp();
    },
    'it is killed and started with its data': async () => {
      await rabbit.kill();
      await rabbit.startAgain();
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
      await within(
        patienceMs,
        'the consumer',
        eventually(() => program.events.includes('resumed')),
      );
      await hears('after');
      const confirmed = await stopPublishing();
      await program.arrivals(confirmed);
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
});
