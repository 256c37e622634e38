import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { systemClock } from './clock.js';

const day = 86_400_000;

describe("The host's clock", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test('fires a timer once, when its delay is over', () => {
    const fired = vi.fn<() => void>();
    systemClock.setTimer(fired, 50);
    vi.advanceTimersByTime(49);
    expect(fired).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1_000);
    expect(fired).toHaveBeenCalledOnce();
  });

  test('never fires a timer before its delay is over, fractions included', () => {
    const setAt = performance.now();
    let firedAt = 0;
    systemClock.setTimer(() => {
      firedAt = performance.now();
    }, 10.4);
    vi.advanceTimersByTime(20);
    expect(firedAt - setAt).toBeGreaterThanOrEqual(10.4);
  });

  test('waits on when Node fires a timer early', () => {
    const fired = vi.fn<() => void>();
    const early = vi.spyOn(performance, 'now').mockReturnValueOnce(0).mockReturnValueOnce(99.5);
    systemClock.setTimer(fired, 100);
    vi.advanceTimersByTime(100);
    expect(fired).not.toHaveBeenCalled();
    early.mockReturnValue(100);
    vi.advanceTimersByTime(1);
    expect(fired).toHaveBeenCalledOnce();
    early.mockRestore();
  });

  test.each([0, -1, Number.NEGATIVE_INFINITY])('fires a timer of %d ms in the next turn and not before', (delay) => {
    const fired = vi.fn<() => void>();
    systemClock.setTimer(fired, delay);
    expect(fired).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(fired).toHaveBeenCalledOnce();
  });

  test('holds timers that are longer than the 24.8 days of a timer of Node', () => {
    const fired = vi.fn<() => void>();
    systemClock.setTimer(fired, 60 * day);
    vi.advanceTimersByTime(60 * day - 1);
    expect(fired).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(fired).toHaveBeenCalledOnce();
  });

  test('cancels a long timer at any time, and twice', () => {
    const fired = vi.fn<() => void>();
    const timer = systemClock.setTimer(fired, 60 * day);
    vi.advanceTimersByTime(40 * day);
    timer.cancel();
    timer.cancel();
    vi.advanceTimersByTime(40 * day);
    expect(fired).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('never fires an endless timer, and refuses one of NaN', () => {
    const fired = vi.fn<() => void>();
    const timer = systemClock.setTimer(fired, Number.POSITIVE_INFINITY);
    vi.advanceTimersByTime(100 * day);
    expect(fired).not.toHaveBeenCalled();
    timer.cancel();
    expect(() => systemClock.setTimer(fired, Number.NaN)).toThrow(TypeError);
  });

  test('sleeps until the time is over', async () => {
    const slept = systemClock.sleep(1_000);
    await vi.advanceTimersByTimeAsync(1_000);
    await expect(slept).resolves.toBeUndefined();
  });

  test('wakes with the reason of the signal, unchanged, and leaves no timer', async () => {
    const controller = new AbortController();
    const reason = { any: 'thing' };
    const slept = systemClock.sleep(1_000, controller.signal);
    controller.abort(reason);
    await expect(slept).rejects.toBe(reason);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('does not fall asleep under an aborted signal', async () => {
    await expect(systemClock.sleep(1_000, AbortSignal.abort('reason'))).rejects.toBe('reason');
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('A timer', () => {
  const setTimeoutSpy = (): { handles: NodeJS.Timeout[]; restore: () => void } => {
    const real = globalThis.setTimeout;
    const handles: NodeJS.Timeout[] = [];
    const spy = vi.spyOn(globalThis, 'setTimeout').mockImplementation(((callback: () => void, ms: number) => {
      const handle = real(callback, ms);
      handles.push(handle);
      return handle;
    }) as typeof setTimeout);
    return { handles, restore: () => spy.mockRestore() };
  };

  test('keeps the process alive, unless it is set in the background', () => {
    const { handles, restore } = setTimeoutSpy();
    const timers = [
      systemClock.setTimer(() => undefined, day),
      systemClock.setTimer(() => undefined, day, { background: true }),
    ];
    restore();
    expect(handles.map((handle) => handle.hasRef())).toEqual([true, false]);
    for (const timer of timers) timer.cancel();
  });
});
