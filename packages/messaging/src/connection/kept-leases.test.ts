import { createLogger, type LogRecord, VirtualClock } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { breakableTransport } from '../conformance/breakable-transport.js';
import type { LeaseKeeperOptions, Transport } from '../transport/transport.js';
import { openConnection } from './open-connection.js';

const keeperOptions: LeaseKeeperOptions = { maxBlockedMs: 300_000, onBlocked: () => undefined };

/** A transport whose connections have keepers that write down what happens to them. */
function setup() {
  const clock = new VirtualClock();
  const broken = breakableTransport();
  const events: string[] = [];
  const logs: LogRecord[] = [];
  let started = 0;
  let failure: Error | undefined;
  const transport: Transport = {
    ...broken.transport,
    supports: { ...broken.transport.supports, leaseKeeper: true },
    async connect(context, signal) {
      const connection = await broken.transport.connect(context, signal);
      return {
        closed: connection.closed,
        openChannel: () => connection.openChannel(),
        close: () => connection.close(),
        leaseKeeper: {
          async start({ maxBlockedMs }) {
            if (failure !== undefined) throw failure;
            started += 1;
            const name = `keeper ${started}`;
            events.push(`${name} started (${maxBlockedMs})`);
            return {
              note: (activity) => events.push(`${name}: ${activity}`),
              stop: async () => void events.push(`${name} stopped`),
            };
          },
        },
      };
    },
  };
  const connection = openConnection({ transport, clock, logger: createLogger((record) => logs.push(record)) });
  const fail = (error: Error | undefined): void => {
    failure = error;
  };
  return { clock, broken, connection, events, logs, fail };
}

describe('kept leases', () => {
  test('are kept again on each new connection', async () => {
    const { connection, broken, clock, events } = setup();
    const keeper = await connection.keepLeases(keeperOptions);
    keeper?.note('first');
    broken.cut();
    await clock.advance(10_000);
    keeper?.note('second');
    await connection.close();
    expect(events).toEqual([
      'keeper 1 started (300000)',
      'keeper 1: first',
      'keeper 1 stopped',
      'keeper 2 started (300000)',
      'keeper 2: second',
      'keeper 2 stopped',
    ]);
  });

  test('are not kept any more when the keeper was stopped', async () => {
    const { connection, broken, clock, events } = setup();
    const keeper = await connection.keepLeases(keeperOptions);
    await keeper?.stop();
    broken.cut();
    await clock.advance(10_000);
    keeper?.note('late');
    expect(events.filter((event) => event.includes('started'))).toHaveLength(1);
  });

  test('need a transport that can keep them', async () => {
    const { transport } = breakableTransport();
    const connection = openConnection({ transport });
    expect(await connection.keepLeases(keeperOptions)).toBeUndefined();
    expect(connection.state).toBe('idle');
  });

  test('that cannot be kept at first are an error; after a reconnect a warning, for the main loop goes on', async () => {
    const { connection, broken, clock, fail, logs } = setup();
    fail(new Error('no threads'));
    await expect(connection.keepLeases(keeperOptions)).rejects.toThrow('no threads');
    fail(undefined);
    await connection.keepLeases(keeperOptions);
    fail(new Error('no threads'));
    broken.cut();
    await clock.advance(10_000);
    expect(logs.map(({ message }) => message)).toContain(
      'Cannot start the lease keeper; leases are renewed on the main loop',
    );
  });
});
