import { createLogger, type LogRecord, VirtualClock } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { TransportConnectionError } from '../errors.js';
import type { LeaseRole } from '../store/queue-store.js';
import { LeaseClock } from './lease-clock.js';

const durationMs = 30_000;

function setup(changes: Partial<LeaseRole> = {}) {
  const clock = new VirtualClock();
  const calls: string[] = [];
  const logs: LogRecord[] = [];
  const lostErrors: Error[] = [];
  const asked: string[] = [];
  let swept = 0;
  const gone = new Set<string>();
  const lease: LeaseRole = {
    durationMs,
    renew: async () => void calls.push('renew'),
    sweep: async () => {
      calls.push('sweep');
      return swept;
    },
    lost: async (tags) => {
      asked.push(...tags);
      return tags.filter((tag) => gone.has(tag));
    },
    ...changes,
  };
  const leases = new LeaseClock({
    lease,
    clock,
    logger: createLogger((record) => logs.push(record)),
    random: () => 0,
    onLost: (error) => lostErrors.push(error),
    onSwept: () => calls.push('nudge'),
  });
  const returnNext = (count: number): void => {
    swept = count;
  };
  return { clock, leases, calls, logs, lostErrors, asked, gone, returnNext };
}

const delivery = (leases: LeaseClock, tag = 't') => ({ tag, generation: leases.generation });

describe('leases on the main loop', () => {
  test('are renewed every third of their duration while anything is held, and not otherwise', async () => {
    const { clock, leases, calls } = setup();
    await clock.advance(60_000);
    expect(calls).toEqual([]);
    leases.hold(2, clock.monotonic());
    await clock.advance(29_999);
    expect(calls).toEqual(['renew', 'renew']);
    leases.release();
    await clock.advance(10_000);
    expect(calls).toHaveLength(3);
    leases.release();
    await clock.advance(100_000);
    expect(calls).toHaveLength(3);
    expect(clock.pendingTimers).toBe(0);
  });

  test('of others are swept at once and then as often, after our own renewal', async () => {
    const { clock, leases, calls, returnNext, logs } = setup();
    leases.startSweeping();
    leases.startSweeping();
    await clock.advance(0);
    expect(calls).toEqual(['sweep']);
    leases.hold(1, clock.monotonic());
    returnNext(3);
    await clock.advance(10_000);
    expect(calls).toEqual(['sweep', 'renew', 'sweep', 'nudge']);
    expect(logs.map(({ fields }) => fields)).toEqual([{ count: 3 }]);
  });

  test('of others are swept more often where the lease says so, while somebody consumes', async () => {
    const { clock, leases, calls } = setup({ sweepEveryMs: 1_000 });
    leases.hold(1, clock.monotonic());
    await clock.advance(9_000);
    expect(calls).toEqual([]);
    leases.startSweeping();
    await clock.advance(3_000);
    expect(calls.filter((call) => call === 'sweep')).toHaveLength(4);
  });

  test('are ours without asking while no renewal is overdue', async () => {
    const { clock, leases, asked } = setup();
    leases.hold(1, clock.monotonic());
    const held = delivery(leases);
    expect(leases.isHeld(held)).toBe(true);
    await clock.advance(29_000);
    expect(leases.isHeld(held)).toBe(true);
    await clock.advance(300_000);
    expect(leases.isHeld(held)).toBe(true);
    expect(asked).toEqual([]);
  });

  test('are asked about when a renewal is overdue', async () => {
    const { clock, leases, asked, gone } = setup({ renew: () => Promise.reject(new Error('busy')) });
    leases.hold(2, clock.monotonic());
    const [kept, taken] = [delivery(leases, 'kept'), delivery(leases, 'taken')];
    gone.add('taken');
    await clock.advance(durationMs);
    expect(await leases.isHeld(kept)).toBe(true);
    expect(await leases.isHeld(taken)).toBe(false);
    expect(asked).toEqual(['kept', 'taken']);
  });

  test('that were interrupted are asked about although the next renewal came through', async () => {
    let isFrozen = true;
    const { clock, leases, asked, gone } = setup({
      renew: () => (isFrozen ? Promise.reject(new Error('frozen')) : Promise.resolve()),
    });
    leases.hold(1, clock.monotonic());
    const before = delivery(leases, 'before');
    await clock.advance(35_000);
    isFrozen = false;
    await clock.advance(10_000);
    leases.hold(1, clock.monotonic());
    const after = delivery(leases, 'after');
    expect(leases.isHeld(after)).toBe(true);
    expect(await leases.isHeld(before)).toBe(true);
    // Once asked, and nothing has happened since: known again.
    expect(leases.isHeld(before)).toBe(true);
    gone.add('before');
    expect(asked).toEqual(['before']);
  });

  test('that cannot be renewed are tried again, with a warning', async () => {
    const { clock, leases, logs, lostErrors } = setup({ renew: () => Promise.reject(new Error('busy')) });
    leases.hold(1, clock.monotonic());
    await clock.advance(20_000);
    expect(logs.map(({ level }) => level)).toEqual(['warn', 'warn']);
    expect(lostErrors).toEqual([]);
  });

  test('are taken for held when the store cannot say, and for lost with the connection', async () => {
    const errors = [new Error('busy'), new TransportConnectionError('gone', { recoverable: true })];
    const { clock, leases, logs, lostErrors } = setup({ lost: () => Promise.reject(errors.shift() ?? new Error()) });
    leases.hold(1, clock.monotonic() - durationMs);
    expect(await leases.isHeld(delivery(leases))).toBe(true);
    expect(logs.map(({ message }) => message)).toEqual(['Could not ask whether a message is still held here']);
    expect(await leases.isHeld(delivery(leases))).toBe(false);
    expect(lostErrors).toMatchObject([{ message: 'gone' }]);
    await leases.close();
  });

  test('end the connection when it is lost', async () => {
    const lost = new TransportConnectionError('gone', { recoverable: true });
    const { clock, leases, lostErrors } = setup({ sweep: () => Promise.reject(lost) });
    leases.startSweeping();
    await clock.advance(0);
    expect(lostErrors).toEqual([lost]);
  });

  test('are left to a keeper while there is one', async () => {
    const { clock, leases, calls } = setup();
    leases.hold(1, clock.monotonic());
    const renewHere = leases.keepElsewhere();
    await clock.advance(40_000);
    expect(calls).toEqual([]);
    renewHere();
    await clock.advance(10_000);
    expect(calls).toEqual(['renew']);
  });

  test('are neither renewed nor swept after the close', async () => {
    const { clock, leases, calls } = setup();
    leases.hold(1, clock.monotonic());
    leases.startSweeping();
    await clock.advance(0);
    await leases.close();
    await leases.close();
    await clock.advance(100_000);
    expect(calls.filter((call) => call === 'sweep')).toHaveLength(1);
    expect(leases.state.isHolding).toBe(false);
    expect(clock.pendingTimers).toBe(0);
  });
});
