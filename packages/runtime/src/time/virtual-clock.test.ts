import { describe, expect, test } from 'vitest';
import { Batcher } from '../concurrency/batcher.js';
import { VirtualClock } from './virtual-clock.js';

function setup(): { clock: VirtualClock; log: string[]; note: (text: string) => () => void } {
  const clock = new VirtualClock();
  const log: string[] = [];
  return { clock, log, note: (text) => () => void log.push(`${text} at ${clock.monotonic()}`) };
}

describe('A virtual clock', () => {
  test('stands still until it is told to move', async () => {
    const clock = new VirtualClock(Date.UTC(2026, 0, 1));
    expect([clock.now(), clock.monotonic()]).toEqual([Date.UTC(2026, 0, 1), 0]);
    await clock.advance(1_500);
    expect([clock.now(), clock.monotonic()]).toEqual([Date.UTC(2026, 0, 1) + 1_500, 1_500]);
  });

  test('fires timers in the order of their due times, ties in the order in which they were set', async () => {
    const { clock, log, note } = setup();
    clock.setTimer(note('third'), 20);
    clock.setTimer(note('first'), 10);
    clock.setTimer(note('second'), 10);
    await clock.advance(20);
    expect(log).toEqual(['first at 10', 'second at 10', 'third at 20']);
  });

  test('leaves a timer alone that is not due yet', async () => {
    const { clock, log, note } = setup();
    clock.setTimer(note('late'), 11);
    await clock.advance(10);
    expect([log, clock.pendingTimers, clock.nextTimerIn]).toEqual([[], 1, 1]);
  });

  test('fires timers that were set on the way, in their time', async () => {
    const { clock, log, note } = setup();
    const tick = (): void => {
      note('tick')();
      clock.setTimer(tick, 10);
    };
    clock.setTimer(tick, 10);
    await clock.advance(35);
    expect(log).toEqual(['tick at 10', 'tick at 20', 'tick at 30']);
  });

  test('lets promise callbacks run before time moves on', async () => {
    const { clock, log, note } = setup();
    const sleepTwice = async (): Promise<void> => {
      await clock.sleep(10);
      note('awake')();
      await clock.sleep(10);
      note('awake')();
    };
    const done = sleepTwice();
    await clock.advance(100);
    await done;
    expect(log).toEqual(['awake at 10', 'awake at 20']);
  });

  test('lets a batch that a timer filled be flushed before time moves on', async () => {
    const { clock, log, note } = setup();
    const batcher = new Batcher<string>(async (items) => note(items.join('+'))());
    clock.setTimer(() => void batcher.add('a').then(note('flushed')), 10);
    await clock.advance(100);
    expect(log).toEqual(['a at 10', 'flushed at 10']);
  });

  test('carries out overlapping moves one after the other', async () => {
    const { clock } = setup();
    await Promise.all([clock.advance(10), clock.advance(5)]);
    expect(clock.monotonic()).toBe(15);
  });

  test('does not fire a cancelled timer, nor one that an earlier one cancels', async () => {
    const { clock, log, note } = setup();
    const victim = clock.setTimer(note('victim'), 10);
    clock.setTimer(() => victim.cancel(), 5);
    clock.setTimer(note('cancelled'), 5).cancel();
    await clock.advance(20);
    expect([log, clock.pendingTimers]).toEqual([[], 0]);
  });

  test('fires what is due at once without moving, but not before it is told', async () => {
    const { clock, log, note } = setup();
    clock.setTimer(note('due'), -5);
    expect(log).toEqual([]);
    await clock.advance(0);
    expect(log).toEqual(['due at 0']);
  });

  test('stands at the timer whose callback throws, and goes on from there', async () => {
    const { clock, log, note } = setup();
    clock.setTimer(() => {
      throw new Error('The callback broke.');
    }, 10);
    clock.setTimer(note('next'), 20);
    await expect(clock.advance(30)).rejects.toThrow('The callback broke.');
    expect(clock.monotonic()).toBe(10);
    await clock.advance(10);
    expect(log).toEqual(['next at 20']);
  });

  test('wakes a sleeper with the reason of the signal and forgets its timer', async () => {
    const { clock } = setup();
    const controller = new AbortController();
    const slept = clock.sleep(10, controller.signal);
    controller.abort('reason');
    await expect(slept).rejects.toBe('reason');
    expect(clock.pendingTimers).toBe(0);
  });

  test('jumps on the wall without the timers noticing', async () => {
    const { clock, log, note } = setup();
    clock.setTimer(note('timer'), 10);
    clock.setWallClock(Date.UTC(2000, 0, 1));
    expect(clock.now()).toBe(Date.UTC(2000, 0, 1));
    expect(log).toEqual([]);
    await clock.advance(10);
    expect(log).toEqual(['timer at 10']);
    expect(clock.now()).toBe(Date.UTC(2000, 0, 1) + 10);
  });

  test('never fires an endless timer', async () => {
    const { clock, log, note } = setup();
    clock.setTimer(note('never'), Number.POSITIVE_INFINITY);
    await clock.advance(1e12);
    expect(log).toEqual([]);
  });

  test.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('refuses to move by %d ms', (byMs) => {
    expect(() => new VirtualClock().advance(byMs)).toThrow(RangeError);
  });

  test('refuses a timer of NaN', () => {
    expect(() => new VirtualClock().setTimer(() => undefined, Number.NaN)).toThrow(TypeError);
  });
});
