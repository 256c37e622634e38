import { loadVectors } from '@ctq/wire-vectors';
import { queue } from '@ctq/messaging';
import { deferred } from '@ctq/runtime';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { losable } from '../__fixtures__/losable.js';
import { EventScene } from '../__fixtures__/event-scene.js';
import { EventMaker, startsAt } from '../__fixtures__/event-maker.js';
import { eventQueue } from './event-queue.js';
import { EventDump } from './event-dump.js';
import { isKnownEvent } from './event-fields.js';
import type { ReceivedEvent } from './event-types.js';
import { ClusterState } from './state/cluster-state.js';

/** Bodies of the events that were captured, with the routing keys that they were sent with. */
function captured(broker: 'redis' | 'amqp'): readonly (readonly [routingKey: string, body: unknown])[] {
  return loadVectors(`events.${broker}`).flatMap(({ raw }) => {
    const all: readonly unknown[] = Array.isArray(raw) ? raw : [raw];
    return all.flatMap((one): (readonly [string, unknown])[] => {
      if (!isRecord(one)) return [];
      const { channel, routing_key: key, decoded_body: decoded, body = decoded } = one;
      return body === undefined ? [] : [[String(key ?? String(channel).split('/').at(-1)), body]];
    });
  });
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

async function next(events: AsyncIterator<ReceivedEvent, void>): Promise<ReceivedEvent | undefined> {
  const { value } = await events.next();
  return value ?? undefined;
}

describe('A receiver of events', () => {
  test.each(['redis', 'amqp'] as const)(
    'hears what Python sent over %s: single events and lists [WK-167]',
    async (broker) => {
      await using scene = new EventScene();
      const receiver = await scene.listening();
      const state = new ClusterState({ clock: scene.clock });
      const types = new Set<string>();
      receiver.on('*', (event) => {
        types.add(event.type);
        state.event(event);
      });
      const messages = captured(broker);
      for (const [routingKey, body] of messages) await scene.send(body, routingKey);
      await scene.heard(receiver);
      expect(receiver.unreadableCount).toBe(0);
      expect([...types]).toEqual(expect.arrayContaining(['worker-heartbeat', 'task-received', 'task-started']));
      expect(state.eventCount).toBeGreaterThanOrEqual(messages.length);
      expect(state.workers.get('w1@wirehost')?.fields).toMatchObject({ sw_ident: 'py-celery', sw_ver: '5.6.2' });
      expect(state.taskTypes()).toContain('wire.add');
    },
  );

  test.each([
    [
      'by default',
      {},
      { 'x-expires': 60_000, 'x-message-ttl': 5_000 },
      { durable: false, exclusive: false, autoDelete: true },
    ],
    [
      'kept shorter',
      { eventQueueExpires: 30, eventQueueTtl: '2s' },
      { 'x-expires': 30_000, 'x-message-ttl': 2_000 },
      { durable: false, exclusive: false, autoDelete: true },
    ],
    [
      'eventQueueDurable',
      { eventQueueDurable: true },
      { 'x-expires': 60_000, 'x-message-ttl': 5_000 },
      { durable: true, exclusive: false, autoDelete: false },
    ],
    [
      'eventQueueExclusive',
      { eventQueueExclusive: true },
      { 'x-expires': 60_000, 'x-message-ttl': 5_000 },
      { durable: false, exclusive: true, autoDelete: true },
    ],
  ] as const)(
    'has a queue of its own, as the settings say: %s [WK-166, ST-112, ST-113, ST-115, ST-116]',
    async (_, settings, limits, flags) => {
      await using scene = new EventScene(settings);
      const { kernel } = scene.app;
      const { exchange, ...own } = eventQueue('one', kernel.settings, 'redis', {});
      expect(own).toMatchObject({ name: 'celeryev.one', routingKey: '#', arguments: limits, ...flags });
      expect([exchange.name, exchange.type]).toEqual(['celeryev', 'fanout']);
      expect(eventQueue('one', kernel.settings, 'amqp', {}).exchange.type).toBe('topic');
      const asGiven = { queueTtl: 1, queueExpires: 2, queueExclusive: false, queueDurable: false, queuePrefix: 'p' };
      expect(eventQueue('two', kernel.settings, 'amqp', asGiven)).toMatchObject({
        ...{ name: 'p.two', arguments: { 'x-expires': 2_000, 'x-message-ttl': 1_000 } },
        ...{ durable: false, exclusive: false, autoDelete: true },
      });
    },
  );

  test('has a queue with the prefix of the settings, each receiver another [WK-166, ST-114]', async () => {
    await using scene = new EventScene({ eventQueuePrefix: 'monitors' });
    await using connection = await scene.app.connect();
    const channel = await connection.openChannel();
    const first = await scene.listening({ nodeId: 'one' });
    const second = await scene.listening();
    const passive = { durable: false, exclusive: false, autoDelete: true, passive: true };
    expect((await channel.declareQueue({ name: 'monitors.one', ...passive })).name).toBe('monitors.one');
    await scene.send({ type: 'thing' });
    await Promise.all([scene.heard(first), scene.heard(second)]);
  });

  test('has none that outlives the connection that it belongs to [ST-115, ST-116]', async () => {
    await using scene = new EventScene({ eventQueueDurable: true, eventQueueExclusive: true });
    await expect(scene.receiver().start()).rejects.toThrow('Event queues cannot be both exclusive and durable');
  });

  test('gives events to the handlers of their type, others to those of all [WK-167]', async () => {
    await using scene = new EventScene();
    const make = new EventMaker();
    const receiver = await scene.listening();
    const heard: unknown[] = [];
    const off = receiver.on('task-failed', ({ uuid, exception }) => heard.push([uuid, exception]));
    receiver.on('order-packed', ({ box }) => heard.push(['packed', box]));
    receiver.on('*', (event) => heard.push([isKnownEvent(event), event.type]));
    await scene.send([make.task('failed', 'a', { exception: "ValueError('x')" }), make.task('started', 'b')]);
    await scene.send({ type: 'order-packed', box: 7 }, 'order.packed');
    await scene.heard(receiver);
    off();
    await scene.send(make.task('failed', 'c'), 'task.failed');
    await scene.heard(receiver);
    expect(heard).toEqual([
      ['a', "ValueError('x')"],
      [true, 'task-started'],
      ['packed', 7],
      [true, 'task-failed'],
    ]);
  });

  test('hears only what its routing key lets through [WK-167]', async () => {
    await using scene = new EventScene();
    const make = new EventMaker();
    const receiver = await scene.listening({ routingKey: 'worker.#' });
    const events = receiver.events();
    const first = events.next();
    await scene.send(make.task('started', 'a'), 'task.started');
    await scene.send(make.worker('heartbeat'), 'worker.heartbeat');
    expect(await first).toMatchObject({ value: { type: 'worker-heartbeat' } });
    await events.return();
  });

  test('is a loop that ends with its signal, its limit, its patience or the receiver [WK-167]', async () => {
    await using scene = new EventScene();
    const make = new EventMaker();
    const receiver = scene.receiver();
    const stop = new AbortController();
    const ended = [
      receiver.events({ limit: 2 }),
      receiver.events({ timeout: 5 }),
      receiver.events({ signal: stop.signal }),
    ];
    const counts = [...ended, receiver[Symbol.asyncIterator]()].map(async (events) => {
      const seen: string[] = [];
      for await (const { type } of events) seen.push(type);
      return seen.length;
    });
    await receiver.start();
    for (let n = 0; n < 3; n += 1) await scene.send(make.task('started', 'a'));
    await scene.heard(receiver);
    expect(await counts[0]).toBe(2);
    await scene.clock.advance(5_000);
    expect(await counts[1]).toBe(4);
    stop.abort();
    expect(await counts[2]).toBe(4);
    await receiver.close();
    expect(await counts[3]).toBe(4);
    await expect(receiver.start()).rejects.toThrow('The event receiver is closed.');
  });

  test('captures so many, or until nothing comes any more [WK-167]', async () => {
    await using scene = new EventScene();
    const make = new EventMaker();
    const receiver = await scene.listening();
    const some = receiver.capture({ limit: 2 });
    const patient = receiver.capture({ timeout: '3s' });
    const stop = new AbortController();
    const stopped = receiver.capture({ signal: stop.signal });
    for (let n = 0; n < 3; n += 1) await scene.send([make.task('started', 'a')]);
    expect(await some).toBe(2);
    await scene.clock.advance(2_000);
    await scene.heard(receiver);
    await scene.clock.advance(2_999);
    stop.abort();
    expect(await stopped).toBe(4);
    await scene.clock.advance(1);
    expect(await patient).toBe(4);
    expect(await receiver.capture({ signal: stop.signal })).toBe(0);
  });

  test('asks workers to tell of themselves, unless it is not to [WK-168]', async () => {
    await using scene = new EventScene();
    await using connection = await scene.app.connect();
    const asked: string[] = [];
    const isAsked = deferred();
    const { exchange } = scene.app.kernel.mailboxLayout;
    const consumer = connection.consume({
      queues: [queue('node', { exchange })],
      noAck: true,
      onDelivery({ message }) {
        asked.push(new TextDecoder().decode(message.body));
        isAsked.resolve();
      },
    });
    await consumer.start();
    const quiet = await scene.listening({ wakeup: false });
    await quiet.close();
    await scene.listening();
    await isAsked.promise;
    expect(asked.map((text) => JSON.parse(text) as unknown)).toEqual([
      { method: 'heartbeat', arguments: {}, destination: null, pattern: null, matcher: null },
    ]);
  });

  test('tells when an event came, and when it was sent in the time of this host [WK-169]', async () => {
    await using scene = new EventScene();
    const here = Math.floor(new Date(scene.clock.now()).getTimezoneOffset() / 60);
    const receiver = await scene.listening();
    const foreign = await scene.listening({ localize: false });
    const events = [receiver.events(), foreign.events()];
    const first = events.map((one) => next(one));
    const event = new EventMaker().task('started', 'a', {
      timestamp: 1_000_000,
      utcoffset: here + 5,
      local_received: 1,
    });
    await scene.send(event);
    const received = await Promise.all(first);
    expect(received.map((one) => one?.['timestamp' as 'type'])).toEqual([1_000_000 - 5 * 3_600, 1_000_000]);
    expect(received.map((one) => one?.local_received)).toEqual([startsAt, startsAt]);
  });

  test('has its own clock follow those of events; that of a client is as good as none [WK-170]', async () => {
    await using scene = new EventScene();
    const make = new EventMaker();
    const { logicalClock } = scene.app.kernel;
    const receiver = await scene.listening({ wakeup: false });
    const clocks: unknown[] = [];
    receiver.on('*', ({ type, clock }: ReceivedEvent & { clock?: unknown }) =>
      clocks.push([type, clock, logicalClock.value]),
    );
    const before = logicalClock.value;
    await scene.send(make.task('sent', 'a', { clock: 900 }));
    await scene.send(make.task('started', 'a', { clock: 40 }));
    await scene.send(make.task('sent', 'a', { clock: 900 }));
    await scene.send({ type: 'order-packed' });
    await scene.heard(receiver);
    expect(before).toBe(0);
    // celery 5.6: (0 or 1) - 1, and adjusting is one step ahead of what was seen.
    expect(clocks).toEqual([
      ['task-sent', 0, 1],
      ['task-started', 40, 41],
      ['task-sent', 40, 42],
      ['order-packed', 43, 43],
    ]);
  });

  test('passes over what is no event, and says so now and then', async () => {
    await using scene = new EventScene();
    const receiver = await scene.listening();
    const heard: string[] = [];
    receiver.on('*', ({ type }) => heard.push(type));
    const noEvents = [null, 7, 'text', [], {}, { type: 7 }, { type: '' }, { type: 'task-started' }];
    await scene.send([...noEvents, { type: 'task-started', hostname: 'w', timestamp: 1 }, { type: 'own' }]);
    for (const body of ['nonsense', '"text"', '{}', '[[[]]]', '']) await scene.send(body);
    await scene.send('x', 'task.multi', 'application/x-python-serialize');
    await scene.heard(receiver);
    expect(heard).toEqual(['own']);
    expect(receiver.unreadableCount).toBe(noEvents.length + 7);
    const warned = () => scene.lines.flatMap(({ message }) => (message.includes('no events') ? [message] : []));
    expect(warned()).toEqual(['9 of what came were no events; dropped']);
    await scene.clock.advance(60_000);
    await scene.send('nonsense');
    await scene.heard(receiver);
    expect(warned()).toEqual(['9 of what came were no events; dropped', '7 of what came were no events; dropped']);
  });

  test('nulls fields of the known events that are not what they should be', async () => {
    await using scene = new EventScene();
    const receiver = await scene.listening();
    const failed: unknown[] = [];
    receiver.on('task-failed', ({ exception, traceback, pid }) => failed.push([exception, traceback, pid]));
    await scene.send(new EventMaker().task('failed', 'a', { exception: { a: 1 }, traceback: 7, pid: 'seven' }));
    await scene.heard(receiver);
    expect(failed).toEqual([[null, null, null]]);
  });

  test('keeps so many for a loop that is slow, the newest, and counts the others', async () => {
    await using scene = new EventScene();
    const make = new EventMaker();
    const receiver = await scene.listening({ buffer: 3 });
    const events = receiver.events();
    const first = next(events);
    await scene.send(make.task('started', '0'));
    await first;
    await scene.send(Array.from({ length: 10 }, (_, n) => make.task('started', `${n + 1}`)));
    const seen = [await next(events), await next(events), await next(events)];
    expect(seen.map((event) => event?.['uuid' as 'type'])).toEqual(['8', '9', '10']);
    expect(receiver.lostCount).toBe(7);
    expect(scene.lines.map(({ message }) => message)).toContain('1 events were not read in time; dropped');
  });

  test('reads JSON and the serializer of events, whatever tasks may be sent in', async () => {
    await using scene = new EventScene({ acceptContent: ['msgpack'], eventSerializer: 'yaml' });
    const receiver = await scene.listening();
    const heard: string[] = [];
    receiver.on('*', ({ type }) => heard.push(type));
    await scene.send({ type: 'json' });
    await scene.send('type: yaml\n', 'yaml', 'application/x-yaml');
    await scene.send('\x81\xa4type\xa1m', 'msgpack', 'application/x-msgpack');
    await scene.heard(receiver);
    expect([heard, receiver.unreadableCount]).toEqual([['json', 'yaml'], 1]);
  });

  test('goes on when the connection was lost, and asks workers again [WK-167, WK-168]', async () => {
    const { transport, lose } = losable();
    await using scene = new EventScene({ broker: transport });
    const asked: number[] = [];
    const receiver = scene.receiver();
    receiver.wakeUp = async () => void asked.push(scene.clock.now());
    const events = receiver.events();
    const first = next(events);
    await receiver.start();
    await scene.send({ type: 'before' });
    expect((await first)?.type).toBe('before');
    lose();
    while (asked.length < 2) await scene.clock.advance(100);
    const second = next(events);
    await scene.send({ type: 'after' });
    expect((await second)?.type).toBe('after');
  });

  test('goes on when a handler fails, at once or later', async () => {
    await using scene = new EventScene();
    const receiver = await scene.listening();
    receiver.on('*', () => {
      throw new Error('at once');
    });
    receiver.on('*', () => Promise.reject(new Error('later')));
    await scene.send([{ type: 'one' }, { type: 'two' }]);
    await scene.heard(receiver);
    expect(scene.lines.filter(({ message }) => message === 'A handler of events threw')).toHaveLength(4);
  });

  test('starts once, and is closed early and twice', async () => {
    await using scene = new EventScene();
    const early = scene.receiver();
    const starting = early.start().catch((error: unknown) => error);
    await Promise.all([early.close(), early.close()]);
    await starting;
    const receiver = scene.receiver();
    await Promise.all([receiver.start(), receiver.start(AbortSignal.timeout(60_000))]);
    await expect(receiver.start(AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
    const never = scene.receiver();
    await never.close();
    expect(await never.capture()).toBe(0);
  });

  test('and the state behind it take anything', async () => {
    await using scene = new EventScene();
    const receiver = await scene.listening();
    const state = new ClusterState({ clock: scene.clock, maxTasks: 5, maxWorkers: 5 });
    const dump = new EventDump();
    const lines: string[] = [];
    receiver.on('*', (event) => {
      state.event(event);
      lines.push(dump.line(event));
    });
    const names = fc.constantFrom(
      'type',
      'hostname',
      'uuid',
      'timestamp',
      'clock',
      'parent_id',
      'freq',
      'heartbeats',
      '__proto__',
      'worker',
      'state',
    );
    const types = fc.constantFrom(
      'task-',
      'task-started',
      'task-received',
      'worker-',
      'worker-offline',
      'worker-heartbeat',
      '-',
      'task',
    );
    const value = fc.oneof(types, fc.jsonValue({ maxDepth: 2 }), fc.double(), fc.constant(1e308), fc.constant(2 ** 60));
    const event = fc.oneof(
      { weight: 5, arbitrary: fc.dictionary(fc.oneof(names, fc.string()), value) },
      fc.jsonValue(),
    );
    const typed = fc.tuple(types, event).map(([type, fields]) => (isRecord(fields) ? { ...fields, type } : fields));
    const named = fc
      .tuple(fc.nat(9), typed)
      .map(([n, fields]) =>
        isRecord(fields)
          ? { uuid: `${n}`, hostname: `w${n}`, timestamp: n, local_received: n, clock: n, ...fields }
          : fields,
      );
    const bodies = fc.sample(fc.array(fc.oneof(event, typed, named), { maxLength: 20 }), { seed: 7, numRuns: 400 });
    for (const body of bodies) {
      // As they are, without a check, too.
      for (const one of body) state.event(one as object);
      await scene.send(body);
    }
    await scene.heard(receiver);
    expect(scene.lines.filter(({ level }) => level === 'error')).toEqual([]);
    expect([state.tasks.size, state.workers.size, lines.length > 400]).toEqual([5, 5, true]);
    expect(ClusterState.restore(JSON.parse(JSON.stringify(state))).tasks.size).toBe(5);
  });
});
