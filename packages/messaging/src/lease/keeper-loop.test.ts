import { VirtualClock } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import type { BlockedReport } from '../transport/transport.js';
import { KeeperLoop } from './keeper-loop.js';
import { LeaseState } from './lease-state.js';

const durationMs = 30_000;
const maxBlockedMs = 60_000;

function setup(renew: () => Promise<void> = async () => undefined) {
  const clock = new VirtualClock();
  const state = new LeaseState();
  const now = (): number => clock.monotonic();
  const renewedAt: number[] = [];
  const failures: string[] = [];
  const blocked: BlockedReport[] = [];
  const reports: BlockedReport[] = [];
  const loop = new KeeperLoop({
    state,
    durationMs,
    maxBlockedMs,
    clock,
    now,
    renew: () => {
      renewedAt.push(now());
      return renew();
    },
    onRenewalFailed: ({ message }) => failures.push(message),
    onBlockedTooLong: (report) => blocked.push(report),
    onTurnsAgain: (report) => reports.push(report),
  });
  state.beat(now());
  /** A main loop that turns for so long. */
  const turn = async (forMs: number): Promise<void> => {
    for (let passed = 0; passed < forMs; passed += 1_000) {
      state.beat(now());
      await clock.advance(1_000);
    }
    state.beat(now());
  };
  return { clock, state, loop, turn, renewedAt, failures, blocked, reports };
}

describe('the keeper', () => {
  test('renews every third of the duration while the main loop holds anything', async () => {
    const { state, loop, turn, renewedAt } = setup();
    loop.start();
    await turn(20_000);
    expect(renewedAt).toEqual([]);
    state.isHolding = true;
    await turn(60_000);
    expect(renewedAt).toEqual([25_000, 35_000, 45_000, 55_000, 65_000, 75_000]);
    expect(state.confirmedAt).toBe(75_000);
    state.isHolding = false;
    await turn(30_000);
    expect(renewedAt).toHaveLength(6);
    await loop.stop();
  });

  test('goes on renewing while the main loop is blocked, but not for longer than allowed', async () => {
    const { clock, state, loop, renewedAt, blocked, reports, turn } = setup();
    state.isHolding = true;
    state.activity = 'shop.charge[1]';
    loop.start();
    await clock.advance(59_000);
    expect(renewedAt).toEqual([0, 10_000, 20_000, 30_000, 40_000, 50_000]);
    await clock.advance(61_000);
    expect(renewedAt).toHaveLength(6);
    expect(blocked).toEqual([{ blockedMs: 60_000, activity: 'shop.charge[1]' }]);
    expect(reports).toEqual([]);
    state.activity = 'the next one';
    await turn(6_000);
    expect(reports).toEqual([{ blockedMs: 120_000, activity: 'shop.charge[1]' }]);
    expect(renewedAt).toHaveLength(7);
    // The lease ran out in between: what was taken before may be someone else's.
    expect(state.generation).toBe(1);
    await loop.stop();
  });

  test('tries a renewal that failed again at the next tick', async () => {
    const outcomes = [Promise.reject(new Error('busy')), Promise.resolve()];
    const { state, loop, turn, renewedAt, failures } = setup(() => outcomes.shift() ?? Promise.resolve());
    state.isHolding = true;
    loop.start();
    await turn(6_000);
    expect(failures).toEqual(['busy']);
    expect(renewedAt).toEqual([0, 5_000]);
    expect(state.confirmedAt).toBe(5_000);
    await loop.stop();
  });

  test('watches the main loop although a renewal hangs', async () => {
    const { clock, state, loop, blocked, renewedAt } = setup(() => new Promise(() => undefined));
    state.isHolding = true;
    loop.start();
    await clock.advance(70_000);
    expect(renewedAt).toEqual([0]);
    expect(blocked).toHaveLength(1);
  });

  test('does nothing after it was stopped', async () => {
    const { clock, state, loop, renewedAt } = setup();
    state.isHolding = true;
    loop.start();
    await loop.stop();
    await loop.stop();
    await clock.advance(100_000);
    expect(renewedAt).toEqual([0]);
    expect(clock.pendingTimers).toBe(0);
  });
});
