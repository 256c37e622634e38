import { silentLogger, VirtualClock } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { DeliveryCollector } from '../conformance/delivery-collector.js';
import { textMessage, textsOf } from '../conformance/messages.js';
import { tamperedStore } from '../conformance/tampered-store.js';
import { MemoryBroker } from '../memory/memory-broker.js';
import { MemoryStore } from '../memory/memory-store.js';
import type { Message, Route } from '../message/message.js';
import type { FanoutRole } from '../store/queue-store.js';
import type { Channel } from '../transport/channel.js';
import { virtualTransport } from './virtual-transport.js';

/** Publish/subscribe as Redis has it: whoever listens hears, nothing is kept. */
function pubSub(): FanoutRole & { readonly listeners: Set<readonly string[]> } {
  const listeners = new Map<readonly string[], (message: Message, route: Route) => void>();
  const keys = new Set<readonly string[]>();
  return {
    listeners: keys,
    publish: async (broadcasts) => {
      for (const { route, message } of broadcasts)
        for (const [[exchange], onMessage] of listeners) if (exchange === route.exchange) onMessage(message, route);
    },
    subscribe: async (exchange, routingKeys, onMessage) => {
      const key = [exchange, ...routingKeys];
      listeners.set(key, onMessage);
      keys.add(key);
      return {
        close: async () => {
          listeners.delete(key);
          keys.delete(key);
        },
      };
    },
  };
}

async function setup() {
  const broker = new MemoryBroker();
  const fanout = pubSub();
  const transport = virtualTransport(() =>
    tamperedStore(new MemoryStore({ broker, url: 'memory://' }), ({ supports }) => ({
      fanout,
      supports: { ...supports, fanout: 'role' },
    })),
  );
  const open = async (): Promise<Channel> => {
    const context = { clock: new VirtualClock(), logger: silentLogger };
    return await (await transport.connect(context, new AbortController().signal)).openChannel();
  };
  const channel = await open();
  await channel.declareExchange({ name: 'celery.pidbox', type: 'fanout', durable: false, autoDelete: false });
  return { broker, fanout, channel, publisher: await open() };
}

describe("fan-out by the store's own publish/subscribe", () => {
  test('reaches who consumes from a bound queue, without touching a queue [MS-078]', async () => {
    const { channel, publisher, broker, fanout } = await setup();
    await channel.bindQueue({ exchange: 'celery.pidbox', queue: 'w1.pidbox', routingKey: '' });
    const collector = new DeliveryCollector(2_000);
    const subscription = await channel.consume('w1.pidbox', { noAck: true }, collector.onDelivery);
    await publisher.publish(textMessage('ping'), { exchange: 'celery.pidbox', routingKey: '' });
    const [delivery] = await collector.take(1);
    expect(delivery?.queue).toBe('w1.pidbox');
    expect(delivery?.route).toEqual({ exchange: 'celery.pidbox', routingKey: '' });
    await delivery?.ack();
    expect(broker.size('w1.pidbox')).toEqual({ waiting: 0, parked: 0, held: 0 });
    await subscription.cancel();
    expect(fanout.listeners.size).toBe(0);
  });

  test('still delivers what comes to the queue by name', async () => {
    const { channel, publisher } = await setup();
    await channel.bindQueue({ exchange: 'celery.pidbox', queue: 'q', routingKey: '' });
    const collector = new DeliveryCollector(2_000);
    await channel.consume('q', {}, collector.onDelivery);
    await publisher.publish(textMessage('a'), { exchange: '', routingKey: 'q' });
    expect(textsOf(await collector.take(1))).toEqual(['a']);
  });

  test('listens for the routing keys of the bindings, and for none that was unbound', async () => {
    const { channel, fanout } = await setup();
    for (const routingKey of ['task.#', 'worker.#', 'gone'])
      await channel.bindQueue({ exchange: 'celery.pidbox', queue: 'q', routingKey });
    await channel.unbindQueue({ exchange: 'celery.pidbox', queue: 'q', routingKey: 'gone' });
    await channel.consume('q', {}, () => undefined);
    expect([...fanout.listeners]).toEqual([['celery.pidbox', 'task.#', 'worker.#']]);
    await channel.close();
    expect(fanout.listeners.size).toBe(0);
  });

  test('asks what an exchange is once a minute, however often somebody publishes to it', async () => {
    const clock = new VirtualClock();
    const looks: string[] = [];
    const fanout = pubSub();
    const memory = new MemoryStore({ broker: new MemoryBroker(), url: 'memory://' });
    const transport = virtualTransport(() =>
      tamperedStore(memory, ({ supports }) => ({
        fanout,
        supports: { ...supports, fanout: 'role' },
        topology: {
          ...memory.topology,
          findExchange: (name: string) => {
            looks.push(name);
            return memory.topology.findExchange(name);
          },
        },
      })),
    );
    const connection = await transport.connect({ clock, logger: silentLogger }, new AbortController().signal);
    const channel = await connection.openChannel();
    await channel.declareExchange({ name: 'celeryev', type: 'fanout', durable: false, autoDelete: false });
    looks.length = 0;
    for (let beat = 0; beat < 60; beat += 1) {
      await channel.publish(textMessage('beat'), { exchange: 'celeryev', routingKey: 'worker.heartbeat' });
      await clock.advance(2_000);
    }
    expect(looks).toEqual(['celeryev', 'celeryev']);
    await connection.close();
  });
});
