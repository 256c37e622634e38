import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { LeaseState, threadSharedNow } from './lease-state.js';

describe('lease state', () => {
  test('a lease begins with what is taken first, and is renewed from the start of each renewal', () => {
    const state = new LeaseState();
    state.begin(1_000);
    expect(state.confirmedAt).toBe(1_000);
    state.confirm(5_000, 5_010, 30_000);
    expect(state.confirmedAt).toBe(5_000);
    expect(state.generation).toBe(0);
    state.begin(4_000);
    expect(state.confirmedAt).toBe(5_000);
  });

  test('a renewal that may have come too late begins a new generation', () => {
    const state = new LeaseState();
    state.begin(1_000);
    state.confirm(30_999, 31_000, 30_000);
    expect(state.generation).toBe(1);
    state.confirm(40_000, 40_001, 30_000);
    expect(state.generation).toBe(1);
  });

  test('the activity is cut to its slot, never in the middle of a character', () => {
    const state = new LeaseState();
    expect(state.activity).toBe('');
    state.activity = 'shop.charge[1]';
    expect(state.activity).toBe('shop.charge[1]');
    state.activity = 'é'.repeat(200);
    expect(state.activity).toBe('é'.repeat(128));
    state.activity = `x${'é'.repeat(200)}`;
    expect(state.activity).toBe(`x${'é'.repeat(127)}`);
    state.activity = '';
    expect(state.activity).toBe('');
  });

  test('is seen by other views of the same memory', () => {
    const [one, other] = [new LeaseState(), new LeaseState()];
    const shared = new LeaseState(one.buffer);
    one.beat(123.5);
    one.isHolding = true;
    expect([shared.heartbeatAt, shared.isHolding]).toEqual([123.5, true]);
    expect([other.heartbeatAt, other.isHolding]).toEqual([0, false]);
  });

  test('its time is the same in every thread', async () => {
    const before = threadSharedNow();
    const inThread = await new Promise<number>((resolve, reject) => {
      const code = 'require("node:worker_threads").parentPort.postMessage(Number(process.hrtime.bigint()) / 1e6)';
      const worker = new Worker(code, { eval: true });
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    expect(inThread).toBeGreaterThanOrEqual(before);
    expect(inThread).toBeLessThanOrEqual(threadSharedNow());
  });
});
