import { deferred, VirtualClock } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { type BreakableTransport, breakableTransport, connectionRefused } from '../conformance/breakable-transport.js';
import { textMessage } from '../conformance/messages.js';
import { queue } from '../entities/queue.js';
import type { Route } from '../message/message.js';
import type { Channel } from '../transport/channel.js';
import type { Transport } from '../transport/transport.js';
import type { ConnectionOptions } from './connection.js';
import { openConnection } from './open-connection.js';

const toQueue: Route = { exchange: '', routingKey: 'q' };
const message = textMessage('a');

type Silent = 'publish' | 'declareQueue' | 'openChannel';

/** A broker that takes the connection and then, half-open, answers nothing of a kind on the connections that were there when it fell silent. */
function halfOpen(broken: BreakableTransport) {
  const silent = new Map<number, Silent>();
  let connections = 0;
  const never = (): Promise<never> => new Promise(() => undefined);
  const transport: Transport = {
    ...broken.transport,
    async connect(context, signal) {
      const connection = await broken.transport.connect(context, signal);
      const number = connections;
      connections += 1;
      const openChannel = async (): Promise<Channel> => {
        if (silent.get(number) === 'openChannel') return await never();
        return new Proxy(await connection.openChannel(), {
          get(target, key) {
            if (key === silent.get(number)) return never;
            const value: unknown = Reflect.get(target, key, target);
            return typeof value === 'function' ? value.bind(target) : value;
          },
        });
      };
      return { closed: connection.closed, close: () => connection.close(), openChannel };
    },
  };
  return {
    transport,
    fallSilent: (what: Silent, connection: number = connections - 1): void => void silent.set(connection, what),
    speakAgain: (): void => silent.clear(),
  };
}

function setup(options: Partial<ConnectionOptions> = {}) {
  const clock = new VirtualClock();
  const broken = breakableTransport();
  const { transport, fallSilent, speakAgain } = halfOpen(broken);
  const connection = openConnection({ transport, clock, ...options });
  const events: string[] = [];
  connection.onStateChange(({ event, error }) =>
    events.push(error === undefined ? event : `${event}: ${error.message}`),
  );
  return { clock, broken, fallSilent, speakAgain, connection, events, producer: connection.producer };
}

/** How it ends, and whether it has. Asked for at once, so that a rejection during the test has its reader. */
function watch(work: Promise<unknown>): { readonly end: Promise<unknown>; readonly isOver: () => boolean } {
  let isOver = false;
  const end = work.then(
    () => 'published',
    (error: unknown) => error,
  );
  void end.then(() => {
    isOver = true;
  });
  return { end, isOver: () => isOver };
}

describe('a publish', () => {
  test('is over at its deadline when the broker does not answer; it may have arrived', async () => {
    const { producer, clock, fallSilent } = setup();
    await producer.publish(message, toQueue);
    fallSilent('publish');
    const publish = watch(producer.publish(message, toQueue));
    await clock.advance(29_999);
    expect(publish.isOver()).toBe(false);
    await clock.advance(1);
    expect(await publish.end).toMatchObject({
      name: 'PublishTimeoutError',
      code: 'CTQ_PUBLISH_UNKNOWN',
      outcome: 'unknown',
      recoverable: true,
      message: 'The message was not published within 30000 ms. It may have arrived.',
    });
  });

  test('that was never handed over was certainly not sent, and says what was in the way', async () => {
    const { producer, clock, broken } = setup();
    broken.refuse(connectionRefused());
    const policy = { retry: { maxRetries: Number.POSITIVE_INFINITY } };
    const publish = watch(producer.publish(message, toQueue, policy));
    await clock.advance(30_000);
    expect(await publish.end).toMatchObject({
      code: 'CTQ_PUBLISH_TIMEOUT',
      outcome: 'not-sent',
      message: expect.stringContaining('It was not sent. The last failure: Connection refused.') as string,
      cause: { message: 'Connection refused.' },
    });
    broken.refuse(undefined);
    await clock.advance(120_000);
    expect(broken.broker.size('q').waiting).toBe(0);
  });

  test('may have a deadline of its own, or the connection another one', async () => {
    const { producer, clock, fallSilent } = setup({ publishTimeoutMs: 5_000 });
    await producer.publish(message, toQueue);
    fallSilent('publish');
    const [usual, short, long, none] = [undefined, 100, 60_000, Number.POSITIVE_INFINITY].map((timeoutMs) =>
      watch(producer.publish(message, toQueue, timeoutMs === undefined ? {} : { timeoutMs })),
    );
    await clock.advance(100);
    expect([usual, short, long, none].map((publish) => publish?.isOver())).toEqual([false, true, false, false]);
    expect(await short?.end).toMatchObject({ outcome: 'unknown' });
    await clock.advance(4_900);
    expect(await usual?.end).toMatchObject({ outcome: 'unknown' });
    expect([long?.isOver(), none?.isOver()]).toEqual([false, false]);
    await expect(producer.publish(message, toQueue, { timeoutMs: 0 })).rejects.toThrow(RangeError);
    expect(() => setup({ publishTimeoutMs: Number.NaN })).toThrow(RangeError);
  });

  test('that is late is not tried again, whatever becomes of it', async () => {
    const { producer, clock, broken, connection } = setup();
    const gate = deferred();
    await connection.connect();
    broken.refuse(gate.promise);
    broken.cut();
    const publish = watch(producer.publish(message, toQueue, { timeoutMs: 1_000 }));
    await clock.advance(1_000);
    expect(await publish.end).toMatchObject({ outcome: 'not-sent' });
    gate.resolve();
    await clock.advance(60_000);
    expect(connection.state).toBe('connected');
    expect(broken.broker.size('q').waiting).toBe(0);
  });

  test('ends with the reason of its signal before the deadline, under way or not', async () => {
    const { producer, clock, fallSilent } = setup();
    await producer.publish(message, toQueue);
    fallSilent('publish');
    const giveUp = new AbortController();
    const publish = watch(producer.publish(message, toQueue, { signal: giveUp.signal }));
    await clock.advance(1_000);
    giveUp.abort(new Error('enough'));
    expect(await publish.end).toMatchObject({ message: 'enough' });
  });

  test('that is over leaves nothing behind: deadlines of many share a timer', async () => {
    const { producer, clock, connection } = setup();
    await producer.publish(message, toQueue);
    const before = clock.pendingTimers;
    await Promise.all(Array.from({ length: 100 }, () => producer.publish(message, toQueue)));
    expect(clock.pendingTimers).toBe(before);
    await connection.close();
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('a broker that confirms nothing', () => {
  test.each(['publish', 'declareQueue', 'openChannel'] as const)(
    'at %s is reconnected to after the time of a publish, and what comes then is published',
    async (what) => {
      const { producer, clock, fallSilent, events, connection, broken } = setup();
      await connection.connect();
      if (what !== 'openChannel') await producer.publish(message, toQueue);
      fallSilent(what);
      const options = what === 'declareQueue' ? { declare: [queue('q')] } : {};
      const publish = watch(producer.publish(message, toQueue, options));
      await clock.advance(31_000);
      expect(await publish.end).toMatchObject({ outcome: what === 'publish' ? 'unknown' : 'not-sent' });
      expect(events).toContainEqual(expect.stringMatching(/^lost: memory:\/\/breakable .* for 30000 ms\.$/));
      await producer.publish(message, toQueue, options);
      expect(broken.broker.size('q').waiting).toBe(what === 'openChannel' ? 1 : 2);
    },
  );

  test('is reconnected to also when publishes have short deadlines, but not for one of them', async () => {
    const { producer, clock, fallSilent, events } = setup();
    await producer.publish(message, toQueue);
    fallSilent('publish');
    for (let second = 0; second < 29; second += 1) {
      void watch(producer.publish(message, toQueue, { timeoutMs: 500 }));
      await clock.advance(1_000);
    }
    expect(events).toEqual(['connect', 'established']);
    for (let second = 0; second < 3; second += 1) {
      void watch(producer.publish(message, toQueue, { timeoutMs: 500 }));
      await clock.advance(1_000);
    }
    expect(events[2]).toMatch(/^lost: .* confirmed nothing/);
  });

  test('is not reconnected to when it is only slow with one message', async () => {
    const { producer, clock, fallSilent, speakAgain, events } = setup();
    await producer.publish(message, toQueue);
    fallSilent('publish');
    const stuck = watch(producer.publish(message, toQueue));
    speakAgain();
    await clock.advance(10_000);
    await producer.publish(message, toQueue);
    await clock.advance(20_000);
    expect(await stuck.end).toMatchObject({ outcome: 'unknown' });
    expect(events).toEqual(['connect', 'established']);
  });

  test('keeps nobody waiting when the connection is closed', async () => {
    const { producer, clock, fallSilent, connection } = setup();
    await producer.publish(message, toQueue);
    fallSilent('publish');
    const publish = watch(producer.publish(message, toQueue, { timeoutMs: Number.POSITIVE_INFINITY }));
    const closed = connection.close();
    await clock.advance(10_000);
    await closed;
    expect(await publish.end).toMatchObject({
      code: 'CTQ_PUBLISH_UNKNOWN',
      message: 'The connection was closed before the broker confirmed the message. It may have arrived.',
    });
  });
});
