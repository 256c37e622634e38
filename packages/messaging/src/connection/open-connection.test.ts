import { createLogger, deferred, type LogRecord, silentLogger, VirtualClock } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { breakableTransport, connectionRefused } from '../conformance/breakable-transport.js';
import { textMessage } from '../conformance/messages.js';
import type { ConnectionRetryOptions } from './connection.js';
import type { ConnectionChange } from './connection-state.js';
import { Connector } from './connector.js';
import { Alternates } from './failover.js';
import { openConnection } from './open-connection.js';

function setup(retry: ConnectionRetryOptions = {}) {
  const clock = new VirtualClock();
  const logs: LogRecord[] = [];
  const broken = breakableTransport();
  const connection = openConnection({
    transport: broken.transport,
    clock,
    logger: createLogger((record) => logs.push(record)),
    retry,
  });
  const states: string[] = [];
  connection.onStateChange(({ state, error }) =>
    states.push(error === undefined ? state : `${state}: ${error.message}`),
  );
  return { clock, logs, broken, connection, states };
}

/** What the promise is rejected with. Asked for at once, so that a rejection during the test has its reader. */
function failure(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe('a connection', () => {
  test('does nothing until it is used [MS-001]', async () => {
    const { connection, broken } = setup();
    expect(connection.state).toBe('idle');
    expect(broken.attempts).toBe(0);
    await connection.connect();
    expect(connection.state).toBe('connected');
  });

  test('is made by one attempt, however many ask for it', async () => {
    const { connection, broken, states } = setup();
    await Promise.all([connection.connect(), connection.connect(), connection.openChannel()]);
    await connection.connect();
    expect(broken.attempts).toBe(1);
    expect(states).toEqual(['connecting', 'connected']);
  });

  test('tries again, with longer and longer waits, until it succeeds [MS-010] [MS-011]', async () => {
    const { connection, broken, clock, states, logs } = setup({ firstMs: 1_000, maxMs: 4_000 });
    broken.refuse(connectionRefused());
    const connecting = connection.connect();
    await clock.advance(30_000);
    expect(broken.attempts).toBeGreaterThan(7);
    expect(states.slice(0, 3)).toEqual(['connecting', 'waiting-to-retry: Connection refused.', 'connecting']);
    expect(logs[0]).toMatchObject({ level: 'warn', message: 'Cannot connect to memory://breakable; trying again' });
    broken.refuse(undefined);
    await clock.advance(4_000);
    await connecting;
    expect(connection.state).toBe('connected');
  });

  test('fails when its retries are used up, and tries anew when it is asked again [MS-011]', async () => {
    const { connection, broken, clock, states } = setup({ maxRetries: 2 });
    broken.refuse(connectionRefused());
    const connecting = connection.connect();
    const refused = failure(connecting);
    await clock.advance(60_000);
    expect(await refused).toMatchObject({ message: 'Connection refused.' });
    expect(broken.attempts).toBe(3);
    expect(states.at(-1)).toBe('failed: Connection refused.');
    broken.refuse(undefined);
    await connection.connect();
    expect(connection.state).toBe('connected');
  });

  test('fails at once when trying again cannot help [MS-014]', async () => {
    const { connection, broken } = setup();
    broken.refuse(connectionRefused(false));
    await expect(connection.connect()).rejects.toMatchObject({ code: 'CTQ_TRANSPORT_CONNECTION', recoverable: false });
    broken.refuse(new TypeError('a bug'));
    await expect(connection.connect()).rejects.toThrow('a bug');
    expect(broken.attempts).toBe(2);
  });

  test('does not wait for an attempt for longer than its time [MS-001]', async () => {
    const { connection, broken, clock } = setup({ maxRetries: 0 });
    broken.refuse('silence');
    const connecting = connection.connect();
    const timedOut = failure(connecting);
    await clock.advance(5_000);
    expect(await timedOut).toMatchObject({
      message: 'No connection to memory://breakable within 5000 ms.',
    });
  });

  test('is retried on startup as often as is said for that, and later as for later', async () => {
    const later = setup({ maxRetries: 0, maxRetriesOnStartup: 5 });
    later.broken.refuse(connectionRefused());
    const connecting = later.connection.connect();
    await later.clock.advance(500);
    later.broken.refuse(undefined);
    await later.clock.advance(60_000);
    await connecting;
    later.broken.cut();
    await later.clock.advance(60_000);
    expect(later.states.at(-1)).toBe('failed: The connection was cut.');

    const never = setup({ maxRetriesOnStartup: 0 });
    never.broken.refuse(connectionRefused());
    await expect(never.connection.connect()).rejects.toThrow('Connection refused.');
    expect(never.broken.attempts).toBe(1);
  });

  test('tells each move: from where to where, why, which attempt, when the next one is', async () => {
    const { connection, broken, clock } = setup({ maxRetries: 1 });
    const changes: ConnectionChange[] = [];
    const unlisten = connection.onStateChange((change) => changes.push(change));
    connection.onStateChange(() => {
      throw new Error('a listener that throws');
    });
    const url = 'memory://breakable';
    await connection.connect();
    broken.refuse(connectionRefused());
    broken.cut();
    await clock.advance(60_000);
    const retryInMs = expect.any(Number) as number;
    const cut = expect.objectContaining({ message: 'The connection was cut.' }) as Error;
    const refused = expect.objectContaining({ message: 'Connection refused.' }) as Error;
    expect(changes).toEqual([
      { event: 'connect', previous: 'idle', state: 'connecting', url, attempt: 1 },
      { event: 'established', previous: 'connecting', state: 'connected', url, attempt: 1 },
      { event: 'lost', previous: 'connected', state: 'waiting-to-retry', url, attempt: 0, error: cut, retryInMs },
      { event: 'connect', previous: 'waiting-to-retry', state: 'connecting', url, attempt: 1 },
      { event: 'give-up', previous: 'connecting', state: 'failed', url, attempt: 1, error: refused },
    ]);
    unlisten();
    await connection.close();
    expect(changes).toHaveLength(5);
  });

  test('that was given up keeps nobody waiting for the next one', async () => {
    const broken = breakableTransport();
    const connector = new Connector({
      alternates: new Alternates([broken.transport]),
      clock: new VirtualClock(),
      logger: silentLogger,
      retry: { maxRetries: 0, maxRetriesOnStartup: 0, firstMs: 250, maxMs: 30_000 },
      connectTimeoutMs: 5_000,
    });
    broken.refuse(connectionRefused());
    await failure(connector.connect());
    expect(connector.state).toBe('failed');
    await expect(connector.next()).rejects.toThrow('Connection refused.');
    broken.refuse(undefined);
    await connector.connect();
    await expect(connector.next()).resolves.toBe(connector.current);
    await connector.close();
  });

  test('reconnects by itself when it was lost [MS-012]', async () => {
    const { connection, broken, clock, states } = setup();
    await connection.connect();
    const channel = await connection.openChannel();
    broken.cut();
    expect((await channel.closed).error?.message).toBe('The connection was cut.');
    await clock.advance(250);
    expect(states).toEqual([
      'connecting',
      'connected',
      'waiting-to-retry: The connection was cut.',
      'connecting',
      'connected',
    ]);
    await (await connection.openChannel()).purgeQueue('q');
  });

  test('whoever waits may stop waiting; the others go on', async () => {
    const { connection, broken, clock } = setup();
    broken.refuse(connectionRefused());
    const giveUp = new AbortController();
    const reason = new Error('enough');
    const waits = [connection.connect(giveUp.signal), connection.openChannel(giveUp.signal)].map((wait) =>
      expect(wait).rejects.toBe(reason),
    );
    const patient = connection.connect();
    await clock.advance(1_000);
    giveUp.abort(reason);
    await Promise.all(waits);
    broken.refuse(undefined);
    await clock.advance(60_000);
    await patient;
    await expect(connection.connect(AbortSignal.abort(reason))).resolves.toBeUndefined();
  });

  test('that is closed leaves nobody waiting, and nothing open [MS-015] [MS-028]', async () => {
    const { connection, broken, clock } = setup();
    broken.refuse(connectionRefused());
    const waiting = [connection.connect(), connection.openChannel()].map((wait) =>
      expect(wait).rejects.toMatchObject({ code: 'CTQ_CHANNEL_CLOSED' }),
    );
    await clock.advance(100);
    await connection.close();
    await connection.close();
    await Promise.all(waiting);
    expect(connection.state).toBe('closed');
    expect(clock.pendingTimers).toBe(0);
    await expect(connection.connect()).rejects.toMatchObject({ code: 'CTQ_CHANNEL_CLOSED' });
    const late = connection.producer.publish(textMessage('a'), { exchange: '', routingKey: 'q' });
    await expect(late).rejects.toMatchObject({ code: 'CTQ_CHANNEL_CLOSED' });
    await expect(connection.consume({ queues: [], onDelivery: () => undefined }).start()).rejects.toMatchObject({
      code: 'CTQ_CHANNEL_CLOSED',
    });
  });

  test('that is closed while it connects closes what the attempt brings', async () => {
    const { connection, broken } = setup();
    const gate = deferred();
    broken.refuse(gate.promise);
    const connecting = failure(connection.connect());
    const closing = connection.close();
    gate.resolve();
    await closing;
    expect(await connecting).toMatchObject({ code: 'CTQ_CHANNEL_CLOSED' });
    while (broken.open > 0) await new Promise((resolve) => setImmediate(resolve));
    expect(connection.state).toBe('closed');
  });

  test('closes itself at the end of its scope [MS-028]', async () => {
    const { connection, broken } = setup();
    await connection.connect();
    expect(broken.open).toBe(1);
    await connection[Symbol.asyncDispose]();
    expect(broken.open).toBe(0);
    expect(connection.state).toBe('closed');
  });
});
