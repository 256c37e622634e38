import { describe, expect, test } from 'vitest';
import { deferred } from '../concurrency/deferred.js';
import { VirtualClock } from '../time/virtual-clock.js';
import { Deadline } from './deadline.js';

const forever = new Promise<void>(() => undefined);

describe('A deadline', () => {
  test('has less and less time left, and never less than none', async () => {
    const clock = new VirtualClock();
    const deadline = Deadline.after(100, clock);
    expect([deadline.remainingMs, deadline.hasPassed]).toEqual([100, false]);
    await clock.advance(60);
    expect([deadline.remainingMs, deadline.hasPassed]).toEqual([40, false]);
    await clock.advance(60);
    expect([deadline.remainingMs, deadline.hasPassed]).toEqual([0, true]);
  });

  test('of never does not pass', async () => {
    const clock = new VirtualClock();
    await clock.advance(1e12);
    expect(Deadline.never(clock)).toMatchObject({ remainingMs: Number.POSITIVE_INFINITY, hasPassed: false });
  });

  test('within another is the earlier of the two', () => {
    const deadline = Deadline.after(100, new VirtualClock());
    expect(deadline.within(30).remainingMs).toBe(30);
    expect(deadline.within(300).remainingMs).toBe(100);
    expect(Deadline.never(new VirtualClock()).within(30).remainingMs).toBe(30);
  });

  test('does not notice when the wall clock is set', () => {
    const clock = new VirtualClock();
    const deadline = Deadline.after(100, clock);
    clock.setWallClock(clock.now() + 1e9);
    expect(deadline.remainingMs).toBe(100);
  });

  test('is refused when it is not a number', () => {
    expect(() => Deadline.after(Number.NaN)).toThrow(TypeError);
    expect(() => Deadline.never().within(Number.NaN)).toThrow(TypeError);
  });
});

describe('Waiting under a deadline', () => {
  test('is true for work that ends in time, and leaves no timer', async () => {
    const clock = new VirtualClock();
    const waited = Deadline.after(100, clock).wait(clock.sleep(99));
    await clock.advance(99);
    expect([await waited, clock.pendingTimers]).toEqual([true, 0]);
  });

  test('is false for work that is late', async () => {
    const clock = new VirtualClock();
    const waited = Deadline.after(100, clock).wait(forever);
    await clock.advance(100);
    expect([await waited, clock.pendingTimers]).toEqual([false, 0]);
  });

  test('passes the rejection of work on, and leaves no timer', async () => {
    const clock = new VirtualClock();
    await expect(Deadline.after(100, clock).wait(Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(clock.pendingTimers).toBe(0);
  });

  test('does not raise the rejection of work that is late', async () => {
    const clock = new VirtualClock();
    const work = deferred();
    const waited = Deadline.after(100, clock).wait(work.promise);
    await clock.advance(100);
    work.reject(new Error('late'));
    // An unhandled rejection would fail this run.
    await clock.advance(0);
    expect(await waited).toBe(false);
  });

  test('that has passed neither hangs on a clock that stands still nor overlooks work that is done', async () => {
    const deadline = Deadline.after(0, new VirtualClock());
    expect(await deadline.wait(forever)).toBe(false);
    expect(await deadline.wait(Promise.resolve())).toBe(true);
    await expect(deadline.wait(Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  });

  test('of never waits for as long as it takes, without a timer', async () => {
    const clock = new VirtualClock();
    const work = deferred();
    const waited = Deadline.never(clock).wait(work.promise);
    expect(clock.pendingTimers).toBe(0);
    await clock.advance(1e12);
    work.resolve();
    expect(await waited).toBe(true);
  });
});
