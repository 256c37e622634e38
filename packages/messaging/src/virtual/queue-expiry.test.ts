import { silentLogger, VirtualClock } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { MemoryBroker } from '../memory/memory-broker.js';
import { memoryTransport } from '../memory/memory-transport.js';

const reply = {
  name: 'reply',
  durable: false,
  exclusive: false,
  autoDelete: false,
  arguments: { 'x-expires': 60_000 },
};

async function setup() {
  const clock = new VirtualClock();
  const broker = new MemoryBroker();
  const transport = memoryTransport({ broker, leaseMs: 30_000 });
  const open = async () => {
    const connection = await transport.connect({ clock, logger: silentLogger }, new AbortController().signal);
    return { connection, channel: await connection.openChannel() };
  };
  // Whoever consumes sweeps.
  const worker = await open();
  await worker.channel.consume('celery', {}, () => undefined);
  const exists = async (): Promise<boolean> => (await broker.topology.findQueue('reply')) !== undefined;
  return { clock, open, exists, broker };
}

describe('a queue with x-expires', () => {
  test('stays while somebody consumes from it, and goes when nobody does any more [MS-043]', async () => {
    const { clock, open, exists, broker } = await setup();
    const { connection, channel } = await open();
    await channel.declareQueue(reply);
    await channel.bindQueue({ exchange: 'events', queue: 'reply', routingKey: '' });
    await channel.consume('reply', {}, () => undefined);
    await clock.advance(300_000);
    expect(await exists()).toBe(true);
    await connection.close();
    await clock.advance(50_000);
    expect(await exists()).toBe(true);
    await clock.advance(40_000);
    expect(await exists()).toBe(false);
    expect(await broker.topology.bindings('events')).toEqual([]);
  });

  test('goes although it was never consumed from', async () => {
    const { clock, open, exists } = await setup();
    await (await open()).channel.declareQueue(reply);
    await clock.advance(90_000);
    expect(await exists()).toBe(false);
  });
});
