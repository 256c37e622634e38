import { createLogger, type LogRecord, VirtualClock } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { type BreakableTransport, breakableTransport, connectionRefused } from '../conformance/breakable-transport.js';
import { textMessage } from '../conformance/messages.js';
import { memoryTransport } from '../memory/memory-transport.js';
import type { Transport } from '../transport/transport.js';
import type { ConnectionOptions } from './connection.js';
import type { ConnectionChange } from './connection-state.js';
import { Alternates } from './failover.js';
import { openConnection } from './open-connection.js';

/** Addresses a, b, … of a broker, each of which can be away for itself, and what was tried. */
function setup(names: string, options: Partial<ConnectionOptions> = {}) {
  const clock = new VirtualClock();
  const logs: LogRecord[] = [];
  const tried: string[] = [];
  const addresses: Record<string, BreakableTransport> = {};
  const transports = names.split('').map((name): Transport => {
    const address = breakableTransport();
    addresses[name] = address;
    const { transport } = address;
    return {
      ...transport,
      url: `memory://:**@${name}`,
      connect: (context, signal) => {
        tried.push(name);
        return transport.connect(context, signal);
      },
    };
  });
  const connection = openConnection({
    transport: transports,
    clock,
    logger: createLogger((record) => logs.push(record)),
    ...options,
  });
  const changes: ConnectionChange[] = [];
  connection.onStateChange((change) => changes.push(change));
  const address = (name: string): BreakableTransport => {
    const found = addresses[name];
    if (found === undefined) throw new Error(`There is no address ${name}.`);
    return found;
  };
  const away = (...which: string[]): void => {
    for (const name of names) address(name).refuse(which.includes(name) ? connectionRefused() : undefined);
  };
  return { clock, logs, tried, connection, changes, address, away, transports };
}

/** What the promise is rejected with. Asked for at once, so that a rejection during the test has its reader. */
function failure(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe('a connection with several addresses', () => {
  test('goes on to the next one at once when one does not answer [MS-006] [MS-008]', async () => {
    const { connection, away, tried, changes } = setup('abc');
    away('a', 'b');
    await connection.connect();
    expect(tried).toEqual(['a', 'b', 'c']);
    expect(connection.transport.url).toBe('memory://:**@c');
    expect(changes.map(({ event, url, attempt }) => [event, url.at(-1), attempt])).toEqual([
      ['connect', 'a', 1],
      ['failover', 'b', 2],
      ['failover', 'c', 3],
      ['established', 'c', 3],
    ]);
  });

  test('waits only when none of them answered, longer and longer [MS-009]', async () => {
    const { connection, away, tried, changes, clock, logs } = setup('ab', { retry: { firstMs: 1_000, maxMs: 60_000 } });
    away('a', 'b');
    const connecting = connection.connect();
    await clock.advance(0);
    expect(tried).toEqual(['a', 'b']);
    const pause = changes.at(-1);
    expect(pause).toMatchObject({
      event: 'retry-later',
      previous: 'connecting',
      state: 'waiting-to-retry',
      attempt: 2,
    });
    expect(pause?.retryInMs).toBeLessThanOrEqual(1_000);
    expect(pause?.error).toMatchObject({
      code: 'CTQ_TRANSPORT_CONNECTION',
      message: 'None of 2 addresses of the broker can be used: Connection refused. | Connection refused.',
      recoverable: true,
    });
    expect(logs.map(({ message }) => message)).toEqual([
      'Cannot connect to memory://:**@a; trying memory://:**@b',
      'Cannot connect to memory://:**@a, memory://:**@b; trying again',
    ]);
    await clock.advance(pause?.retryInMs ?? 0);
    expect(tried).toEqual(['a', 'b', 'a', 'b']);
    away();
    await clock.advance(60_000);
    await connecting;
    expect(tried.at(-1)).toBe('a');
  });

  test('counts its retries in rounds [MS-011]', async () => {
    const { connection, away, tried, clock, changes } = setup('ab', { retry: { maxRetries: 1 } });
    away('a', 'b');
    const refused = failure(connection.connect());
    await clock.advance(60_000);
    expect(await refused).toMatchObject({ recoverable: true });
    expect(tried).toEqual(['a', 'b', 'a', 'b']);
    expect(changes.at(-1)).toMatchObject({ event: 'give-up', state: 'failed' });
  });

  test('tries the address first that it lost, then the others [MS-008]', async () => {
    const { connection, away, tried, address, clock } = setup('ab');
    await connection.connect();
    away('a');
    address('a').cut();
    await clock.advance(300);
    expect(connection.state).toBe('connected');
    expect(tried).toEqual(['a', 'a', 'b']);
    // It stays there when the first is back.
    away();
    await clock.advance(60_000);
    expect(connection.transport.url).toBe('memory://:**@b');
  });

  test('is given up at once only when trying again can help at none of them', async () => {
    const { connection, address, tried, clock } = setup('ab');
    address('a').refuse(connectionRefused(false));
    address('b').refuse(connectionRefused());
    const connecting = connection.connect();
    await clock.advance(10_000);
    expect(connection.state).not.toBe('failed');
    address('b').refuse(undefined);
    await clock.advance(60_000);
    await connecting;

    const hopeless = setup('ab');
    for (const name of 'ab') hopeless.address(name).refuse(connectionRefused(false));
    await expect(hopeless.connection.connect()).rejects.toMatchObject({ recoverable: false });
    expect(hopeless.tried).toEqual(['a', 'b']);
    expect(tried.slice(0, 4)).toEqual(['a', 'b', 'a', 'b']);
  });

  test('publishes by one round for each attempt of the publish', async () => {
    const { connection, away, tried, address } = setup('ab', { retry: { maxRetries: 0 } });
    away('a');
    await connection.producer.publish(textMessage('x'), { exchange: '', routingKey: 'q' }, { retry: false });
    expect(tried).toEqual(['a', 'b']);
    expect(address('b').broker.size('q').waiting).toBe(1);
  });

  test('can be closed while it goes on to the next one', async () => {
    const { connection, away, clock } = setup('abc');
    away('a', 'b', 'c');
    connection.onStateChange(({ event }) => {
      if (event === 'failover') void connection.close();
    });
    expect(await failure(connection.connect())).toMatchObject({ code: 'CTQ_CHANNEL_CLOSED' });
    await clock.advance(60_000);
    expect(connection.state).toBe('closed');
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('a failover strategy', () => {
  const named = (...names: string[]): Transport[] => names.map((url) => ({ ...memoryTransport(), url }));
  const order = (alternates: Alternates, count: number): string => {
    let urls = alternates.current.url;
    while (urls.length < count) {
      alternates.advance();
      urls += alternates.current.url;
    }
    return urls;
  };

  test('round-robin takes them by turns, and is the default [MS-007]', () => {
    expect(order(new Alternates(named('a', 'b', 'c')), 7)).toBe('abcabca');
    expect(order(new Alternates(named('a', 'b'), 'round-robin'), 4)).toBe('abab');
  });

  test('shuffle takes each once a round, in an order of chance [MS-007]', () => {
    const alternates = new Alternates(named('a', 'b', 'c'), 'shuffle');
    const orders = new Set(order(alternates, 300).match(/.../g));
    for (const round of orders) expect(round.split('').sort().join('')).toBe('abc');
    expect(orders.size).toBeGreaterThan(1);
  });

  test('may be a function, which is asked anew when it has no more [MS-007]', () => {
    const alternates = new Alternates(named('a', 'b', 'c'), function* backwards(all) {
      yield* [...all].reverse();
      yield* all.slice(0, 1);
    });
    expect(order(alternates, 9)).toBe('cbaacbaac');
  });

  test('that gives nothing is an error; one that fails later keeps nobody from trying', async () => {
    expect(() => new Alternates(named('a', 'b'), () => [])).toThrow(TypeError);
    let calls = 0;
    const { connection, away, tried, clock, logs } = setup('ab', {
      failoverStrategy: ([first]) => {
        calls += 1;
        if (first === undefined || calls > 1) throw new Error('out of ideas');
        return [first];
      },
    });
    away('a');
    const connecting = connection.connect();
    await clock.advance(1_000);
    away();
    await clock.advance(60_000);
    await connecting;
    expect(new Set(tried)).toEqual(new Set(['a']));
    expect(logs.find(({ level }) => level === 'error')?.message).toContain('The failover strategy failed');
  });
});

describe('addresses of different brokers', () => {
  test('are refused, with their names', () => {
    const first = memoryTransport();
    const other: Transport = { ...memoryTransport(), name: 'nats', url: 'nats://h' };
    const mixed = expect.objectContaining({
      code: 'CTQ_MIXED_BROKERS',
      message: expect.stringContaining('nats://h'),
    }) as Error;
    expect(() => openConnection({ transport: [first, other] })).toThrow(mixed);
    const weaker: Transport = { ...memoryTransport(), supports: { ...first.supports, delay: false } };
    expect(() => openConnection({ transport: [first, weaker] })).toThrow(
      expect.objectContaining({ code: 'CTQ_MIXED_BROKERS' }),
    );
    expect(() => openConnection({ transport: [] })).toThrow(TypeError);
  });
});
