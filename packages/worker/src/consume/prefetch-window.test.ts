import { VirtualClock } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { PrefetchWindow } from './prefetch-window.js';

interface Given {
  readonly size?: number;
  readonly multiplier?: number;
  readonly smallBatch?: number;
  readonly etaLimit?: number;
}

function setup({ size = 10, ...options }: Given = {}) {
  const clock = new VirtualClock();
  const window = new PrefetchWindow({
    size: () => size,
    ...{ multiplier: 4, smallBatch: 0, etaLimit: undefined, clock },
    ...options,
  });
  const finish = async (count: number, everyMs: number): Promise<void> => {
    for (let index = 0; index < count; index += 1) {
      await clock.advance(everyMs);
      window.onFinished();
    }
  };
  return { window, finish };
}

describe('The prefetch window', () => {
  test('starts with what can start', () => {
    expect(setup().window.count).toBe(10);
  });

  test('grows with short tasks, up to concurrency times multiplier [WK-034]', async () => {
    const { window, finish } = setup();
    await finish(8, 1);
    expect(window.count).toBe(40);
  });

  test("grows to a small batch of short tasks where that is more and the limit is nobody's", async () => {
    const { window, finish } = setup({ size: 2, smallBatch: 100 });
    await finish(16, 1);
    expect([window.count, window.most]).toEqual([100, 100]);
  });

  test('is what can start when nothing has started for a while', async () => {
    const { window, finish } = setup();
    await finish(8, 1);
    expect(window.narrow()).toBe(true);
    expect(window.count).toBe(10);
  });

  test('stays small with long ones, which others could run', async () => {
    const { window, finish } = setup();
    await finish(100, 1_000);
    expect(window.count).toBe(10);
  });

  test('shrinks again when tasks get longer', async () => {
    const { window, finish } = setup();
    await finish(16, 1);
    await finish(16, 1_000);
    expect(window.count).toBe(10);
  });

  test('is never larger than the concurrency with a multiplier of 1', async () => {
    const { window, finish } = setup({ multiplier: 1 });
    await finish(100, 0);
    expect(window.count).toBe(10);
  });

  test('a multiplier of 0 is no limit', () => {
    expect(setup({ multiplier: 0 }).window.count).toBe(0);
  });

  test('messages held for their ETA come on top, up to workerEtaTaskLimit [WK-035, WK-037]', () => {
    const { window } = setup({ etaLimit: 12 });
    for (let held = 0; held < 5; held += 1) window.hold();
    expect(window.count).toBe(12);
    for (let held = 0; held < 4; held += 1) window.release();
    expect(window.count).toBe(11);
  });

  test('beyond what 16 bits hold it is no limit, and a limit again below [WK-036]', () => {
    expect(setup({ size: 70_000 }).window.count).toBe(0);
    const { window } = setup({ size: 65_534 });
    window.hold();
    expect(window.count).toBe(65_535);
    window.hold();
    expect(window.count).toBe(0);
    window.release();
    expect(window.count).toBe(65_535);
  });
});
