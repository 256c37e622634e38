import { createLogger, type LogRecord, VirtualClock } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { textMessage } from '../conformance/messages.js';
import { tamperedStore } from '../conformance/tampered-store.js';
import { MemoryBroker } from '../memory/memory-broker.js';
import { MemoryStore } from '../memory/memory-store.js';
import type { PushEntry, QueueStore, TopologyRole } from '../store/queue-store.js';
import type { Channel } from '../transport/channel.js';
import { virtualTransport, type VirtualTransportOptions } from './virtual-transport.js';

const plain = { durable: true, exclusive: false, autoDelete: false };

/** Replaces the role by nothing, which an optional property of exact type does not allow to write down. */
const withoutTopology: Partial<QueueStore> = Object.defineProperty({}, 'topology', {
  value: undefined,
  enumerable: true,
});

async function setup(
  options: VirtualTransportOptions = {},
  change: (sound: QueueStore) => Partial<QueueStore> = () => ({}),
) {
  const clock = new VirtualClock();
  const broker = new MemoryBroker();
  const logs: LogRecord[] = [];
  const pushes: (readonly PushEntry[])[] = [];
  const createStore = (): QueueStore =>
    tamperedStore(new MemoryStore({ broker, url: 'memory://' }), (sound) => ({
      push: (entries) => {
        pushes.push(entries);
        return sound.push(entries);
      },
      ...change(sound),
    }));
  const transport = virtualTransport(createStore, options);
  const open = async (): Promise<Channel> => {
    const context = { clock, logger: createLogger((record) => logs.push(record)) };
    return await (await transport.connect(context, new AbortController().signal)).openChannel();
  };
  return { clock, broker, logs, pushes, open, channel: await open(), transport };
}

describe('a virtual channel that publishes', () => {
  test('pushes what is published in a turn with one request, in order', async () => {
    const { channel, pushes } = await setup();
    await channel.declareExchange({ name: 'x', type: 'direct', durable: true, autoDelete: false });
    await channel.bindQueue({ exchange: 'x', queue: 'q', routingKey: 'k' });
    await Promise.all([
      channel.publish(textMessage('1'), { exchange: '', routingKey: 'q' }),
      channel.publish(textMessage('2'), { exchange: 'x', routingKey: 'k' }),
      channel.publish(textMessage('3'), { exchange: '', routingKey: 'q' }),
    ]);
    expect(pushes.map((entries) => entries.map(({ message }) => Buffer.from(message.body).toString()))).toEqual([
      ['1', '2', '3'],
    ]);
  });

  test('tells of what no binding takes, once per route [MS-082]', async () => {
    const { channel, logs, pushes } = await setup();
    await channel.declareExchange({ name: 'x', type: 'direct', durable: true, autoDelete: false });
    const lost = Array.from({ length: 50 }, () =>
      channel.publish(textMessage('a'), { exchange: 'x', routingKey: 'nowhere' }),
    );
    await Promise.all(lost);
    expect(pushes).toEqual([]);
    expect(logs.map(({ level, fields }) => [level, fields])).toEqual([
      ['warn', { exchange: 'x', routingKey: 'nowhere', count: 50 }],
    ]);
  });

  test('leads what no binding takes to the dead letter queue where there is one [MS-082]', async () => {
    const { channel, broker, logs } = await setup({ deadLetterQueue: 'ae.undeliver' });
    await channel.publish(textMessage('a'), { exchange: 'x', routingKey: 'nowhere' });
    expect(broker.size('ae.undeliver').waiting).toBe(1);
    expect(logs).toEqual([]);
  });

  test('an exchange that was never declared is direct', async () => {
    const { channel, broker } = await setup();
    await channel.bindQueue({ exchange: 'x', queue: 'q', routingKey: 'a.*' });
    await channel.publish(textMessage('a'), { exchange: 'x', routingKey: 'a.*' });
    await channel.publish(textMessage('b'), { exchange: 'x', routingKey: 'a.b' });
    expect(broker.size('q').waiting).toBe(1);
  });

  test('remembers bindings for a moment, and asks again before it gives a message up', async () => {
    let reads = 0;
    const counting = ({ topology }: QueueStore): { topology?: TopologyRole } =>
      topology === undefined
        ? {}
        : {
            topology: {
              ...topology,
              bindings: (exchange) => {
                reads += 1;
                return topology.bindings(exchange);
              },
            },
          };
    const { channel, open, broker, clock } = await setup({ bindingsFreshMs: 250 }, counting);
    const other = await open();
    await channel.declareExchange({ name: 'x', type: 'fanout', durable: true, autoDelete: false });
    await other.bindQueue({ exchange: 'x', queue: 'one', routingKey: '' });
    const publish = (): Promise<void> => channel.publish(textMessage('a'), { exchange: 'x', routingKey: '' });
    await publish();
    await publish();
    expect(reads).toBe(1);
    await other.bindQueue({ exchange: 'x', queue: 'two', routingKey: '' });
    await publish();
    expect([broker.size('one').waiting, broker.size('two').waiting]).toEqual([3, 0]);
    await clock.advance(250);
    await publish();
    expect([broker.size('one').waiting, broker.size('two').waiting]).toEqual([4, 1]);

    // A direct exchange without a match is read at once: a reply must not be lost to memory.
    await channel.declareExchange({ name: 'replies', type: 'direct', durable: true, autoDelete: false });
    await channel.publish(textMessage('a'), { exchange: 'replies', routingKey: 'new' });
    await other.bindQueue({ exchange: 'replies', queue: 'reply', routingKey: 'new' });
    await channel.publish(textMessage('a'), { exchange: 'replies', routingKey: 'new' });
    expect(broker.size('reply').waiting).toBe(1);
  });

  test('its own declarations take effect at once', async () => {
    const { channel, broker } = await setup({ bindingsFreshMs: 60_000 });
    await channel.declareExchange({ name: 'x', type: 'fanout', durable: true, autoDelete: false });
    for (const queue of ['one', 'two']) {
      await channel.bindQueue({ exchange: 'x', queue, routingKey: '' });
      await channel.publish(textMessage('a'), { exchange: 'x', routingKey: '' });
    }
    expect([broker.size('one').waiting, broker.size('two').waiting]).toEqual([2, 1]);
    await channel.declareQueue({ ...plain, name: 'two' });
    await channel.deleteQueue('two');
    await channel.publish(textMessage('a'), { exchange: 'x', routingKey: '' });
    expect([broker.size('one').waiting, broker.size('two').waiting]).toEqual([3, 0]);
  });

  test('keeps topology to its own connection where the store shares none', async () => {
    const { transport, open, broker, logs } = await setup({}, () => withoutTopology);
    const [one, other] = [await open(), await open()];
    await one.bindQueue({ exchange: 'x', queue: 'q', routingKey: 'k' });
    await one.publish(textMessage('a'), { exchange: 'x', routingKey: 'k' });
    await other.publish(textMessage('b'), { exchange: 'x', routingKey: 'k' });
    expect(broker.size('q').waiting).toBe(1);
    expect(logs).toHaveLength(1);
    expect(transport.supports.mandatory).toBe('none');
  });

  test('has only the exchange types that the store can serve [MS-078] [MS-079]', async () => {
    const { channel, transport } = await setup({}, ({ supports }) => ({ supports: { ...supports, fanout: 'none' } }));
    expect(transport.supports.exchangeTypes).toEqual(['direct', 'topic']);
    for (const type of ['fanout', 'headers'] as const) {
      await expect(
        channel.declareExchange({ name: 'x', type, durable: true, autoDelete: false }),
      ).rejects.toMatchObject({
        code: 'CTQ_NOT_SUPPORTED',
      });
    }
  });
});
