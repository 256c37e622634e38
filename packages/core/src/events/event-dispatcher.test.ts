import { type Delivery, exchange, memoryTransport, queue, TransportConnectionError } from '@ctq/messaging';
import type { Transport } from '@ctq/messaging/transport';
import { createLogger, Deadline, deferred, VirtualClock } from '@ctq/runtime';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Ctq } from '../app/ctq.js';
import { eventExchange } from './event.js';
import { EventDispatcher, type EventDispatcherOptions } from './event-dispatcher.js';

type Body = Readonly<Record<string, unknown>>;

/** Memory that can be away. */
function switchable() {
  const inner = memoryTransport();
  const state = { isAway: false, attempts: 0 };
  const transport: Transport = {
    ...{ spec: 1, name: inner.name, url: inner.url, supports: inner.supports },
    async connect(context, signal) {
      state.attempts += 1;
      if (state.isAway) throw new TransportConnectionError('The broker is away.', { recoverable: true });
      return await inner.connect(context, signal);
    },
  };
  return { transport, state };
}

async function setup(options: Partial<EventDispatcherOptions> = {}) {
  const { transport, state } = switchable();
  const clock = new VirtualClock();
  const lines: string[] = [];
  const logger = createLogger(({ message }) => lines.push(message));
  const app = new Ctq('test', { broker: transport, clock, logger });
  const heard: Delivery[] = [];
  let wanted = { count: Number.POSITIVE_INFINITY, reached: deferred() };
  const connection = await app.connect();
  const own = queue('monitor', { exchange: exchange('celeryev', { type: 'topic' }), routingKey: '#' });
  const onDelivery = (delivery: Delivery): void => {
    heard.push(delivery);
    if (heard.length >= wanted.count) wanted.reached.resolve();
  };
  await connection.consume({ queues: [own], noAck: true, onDelivery }).start();
  const connections: number[] = [];
  const dispatcher = new EventDispatcher({
    ...{ kernel: app.kernel, hostname: 'w1@host', logger },
    connect: () => {
      connections.push(heard.length);
      return app.connect('publish');
    },
    ...options,
  });
  onTestFinished(async () => {
    await dispatcher.close(Deadline.after(0, clock));
    await connection.close();
    await app.close();
  });
  return {
    ...{ app, clock, dispatcher, lines, state, connections },
    /** Resolves with so many messages. */
    async messages(count: number): Promise<readonly (readonly [routingKey: string, body: Body | readonly Body[]])[]> {
      wanted = { count, reached: deferred() };
      if (heard.length < count) await wanted.reached.promise;
      return heard.map(({ route, message }) => [
        route.routingKey,
        JSON.parse(new TextDecoder().decode(message.body)) as Body | readonly Body[],
      ]);
    },
  };
}

const typesOf = (body: Body | readonly Body[]): readonly unknown[] => [body].flat().map(({ type }: Body) => type);

describe('The dispatcher of events', () => {
  test('sends what happens in a turn in its order: lists of tasks, each of the others for itself [WK-158, WK-159, WK-160]', async () => {
    const { dispatcher, messages } = await setup();
    for (const type of ['task-received', 'task-started', 'worker-heartbeat', 'task-succeeded', 'order-box-packed'])
      dispatcher.send(type, { n: 1 });
    const heard = await messages(4);
    expect(heard.map(([routingKey, body]) => [routingKey, typesOf(body)])).toEqual([
      ['task.multi', ['task-received', 'task-started']],
      ['worker.heartbeat', ['worker-heartbeat']],
      ['task.multi', ['task-succeeded']],
      ['order.box.packed', ['order-box-packed']],
    ]);
    expect(heard.map(([, body]) => Array.isArray(body))).toEqual([true, false, true, false]);
  });

  test.each([
    ['amqp', 'topic'],
    ['redis', 'fanout'],
    ['sqlite', 'topic'],
  ])('sends over %s through a %s exchange [WK-157]', (transport, type) => {
    expect(eventExchange('celeryev', transport)).toMatchObject({ name: 'celeryev', type });
  });

  test('says of each who, when and where in the order of things [WK-142, WK-163]', async () => {
    const { dispatcher, messages, clock, app } = await setup();
    app.kernel.logicalClock.adjust(41);
    dispatcher.send('worker-online', { freq: 2 });
    expect(await messages(1)).toEqual([
      [
        'worker.online',
        {
          ...{ hostname: 'w1@host', pid: process.pid, clock: 43, freq: 2, type: 'worker-online' },
          utcoffset: Math.floor(new Date(clock.now()).getTimezoneOffset() / 60),
          timestamp: clock.now() / 1_000,
        },
      ],
    ]);
  });

  test('sends those of its groups alone; of none it sends all [WK-022, WK-165]', async () => {
    const { dispatcher, messages } = await setup({ groups: ['worker'] });
    const all = await setup();
    for (const one of [dispatcher, all.dispatcher]) {
      one.send('task-started');
      one.send('worker-heartbeat');
    }
    expect((await all.messages(2)).map(([key]) => key)).toEqual(['task.multi', 'worker.heartbeat']);
    expect((await messages(1)).map(([key]) => key)).toEqual(['worker.heartbeat']);
  });

  test('begins and ceases with a group when it is told to, but not where it sends all', async () => {
    const { dispatcher } = await setup({ groups: ['worker'] });
    const all = (await setup()).dispatcher;
    expect([dispatcher.sendsTasks, dispatcher.enable('task'), dispatcher.sendsTasks]).toEqual([false, true, true]);
    expect([dispatcher.enable('task'), dispatcher.groups]).toEqual([false, ['worker', 'task']]);
    expect([dispatcher.disable('task'), dispatcher.disable('task'), dispatcher.sendsTasks]).toEqual([
      true,
      false,
      false,
    ]);
    // Without its last group it would send everything.
    expect([dispatcher.disable('worker'), dispatcher.sends('task')]).toEqual([false, false]);
    expect([all.enable('task'), all.disable('task'), all.sendsTasks]).toEqual([false, false, true]);
  });

  test('has a connection of its own, from the first event on [WK-022]', async () => {
    const { dispatcher, messages, connections, state } = await setup({ groups: ['worker'] });
    const before = state.attempts;
    dispatcher.send('task-started');
    expect(connections).toHaveLength(0);
    dispatcher.send('worker-online');
    dispatcher.send('worker-offline');
    await messages(2);
    expect(connections).toHaveLength(1);
    expect(state.attempts).toBe(before + 1);
  });

  test('keeps events while the broker is away, and sends them when it is back [WK-161]', async () => {
    const { dispatcher, messages, clock, state } = await setup();
    state.isAway = true;
    for (let n = 0; n < 30; n += 1) dispatcher.send('task-started', { n });
    dispatcher.send('worker-heartbeat');
    await clock.advance(10_000);
    expect(dispatcher.isHeldUp).toBe(true);
    state.isAway = false;
    await clock.advance(10_000);
    const heard = await messages(3);
    expect(heard.map(([key, body]) => [key, typesOf(body).length])).toEqual([
      ['task.multi', 24],
      ['task.multi', 6],
      ['worker.heartbeat', 1],
    ]);
    expect(dispatcher.isHeldUp).toBe(false);
  });

  test('keeps so many, the youngest, and says once how many were dropped', async () => {
    const { dispatcher, messages, clock, state, lines } = await setup({ mostWaiting: 50 });
    state.isAway = true;
    for (let n = 0; n < 40; n += 1) dispatcher.send('task-started', { n });
    await clock.advance(5_000);
    for (let n = 40; n < 100; n += 1) dispatcher.send('task-started', { n });
    state.isAway = false;
    await clock.advance(10_000);
    const kept = (await messages(3)).flatMap(([, body]) => [body].flat().map(({ n }: Body) => n));
    expect(kept.length).toBeLessThanOrEqual(50);
    expect(kept).toEqual(Array.from({ length: kept.length }, (_, index) => 100 - kept.length + index));
    expect(lines.filter((line) => line.includes('dropped'))).toEqual([
      `${100 - kept.length} events were dropped while the broker could not be reached`,
    ]);
  });

  test('goes on after an event that cannot be encoded', async () => {
    const { dispatcher, messages, lines } = await setup();
    dispatcher.send('order-odd', { function: () => undefined });
    dispatcher.send('order-odd', { function: () => undefined });
    dispatcher.send('order-even');
    expect((await messages(1)).map(([key]) => key)).toEqual(['order.even']);
    expect(lines.filter((line) => line.startsWith("Couldn't send an event"))).toHaveLength(1);
  });

  test('sends what waits before it closes, and nothing after it', async () => {
    const { dispatcher, messages, clock } = await setup();
    dispatcher.send('worker-offline');
    await Promise.all([dispatcher.close(Deadline.never(clock)), dispatcher.close(Deadline.never(clock))]);
    dispatcher.send('worker-online');
    expect((await messages(1)).map(([key]) => key)).toEqual(['worker.offline']);
  });

  test('closes at once while the broker is away [WK-154]', async () => {
    const { dispatcher, clock, state } = await setup();
    state.isAway = true;
    dispatcher.send('worker-online');
    await clock.advance(5_000);
    dispatcher.send('worker-offline');
    // Without moving time on.
    await dispatcher.close(Deadline.never(clock));
    const closed = await setup();
    closed.state.isAway = true;
    await closed.dispatcher.close(Deadline.never(closed.clock));
    expect(closed.connections).toEqual([]);
  });
});
