import { createLogger, deferred, type LogRecord, VirtualClock } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { breakableTransport, connectionRefused } from '../conformance/breakable-transport.js';
import { textMessage } from '../conformance/messages.js';
import type { ConnectionRetryOptions } from './connection.js';
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
