import { silentLogger, VirtualClock } from '@ctq/runtime';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { memoryStore } from '../backend/memory-store.js';
import type { AtomicStore } from '../coordination/atomic-store.js';
import type { LimitOptions } from './limit-options.js';
import { type LimitRules, limitRules } from './limit-rules.js';
import { freshState, type LimitAnswer, type LimitState, takeStep } from './limit-state.js';
import { type RateLimit, runsPerSecond } from './rate-limit.js';
import { SharedLimit } from './shared-limit.js';

const second = 1_000;
const leaseMs = 30 * second;

function rulesOf(options: LimitOptions<never>): LimitRules {
  const rules = limitRules('t', options);
  if (rules === undefined) throw new Error('no rules');
  return rules;
}

describe('a rate', () => {
  test.each<[RateLimit | null, number | undefined]>([
    [10, 10],
    [0.5, 0.5],
    ['10', 10],
    ['10/s', 10],
    ['30/m', 0.5],
    ['36/h', 0.01],
    ['0.5/s', 0.5],
    [0, undefined],
    ['0/m', undefined],
    [null, undefined],
  ])('of %j is %s runs per second [TR-237]', (limit, runs) => {
    expect(runsPerSecond(limit, 'Task t')).toBe(runs);
  });
});

/** One limit in one store, for as many workers as ask for it. */
async function setup(options: LimitOptions<never>) {
  const clock = new VirtualClock();
  const store = memoryStore() as AtomicStore;
  await store.open({ clock, logger: silentLogger }, new AbortController().signal);
  let steps = 0;
  const counted = new Proxy(store, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return (...given: unknown[]): unknown => {
        steps += 1;
        return (member as (...args: unknown[]) => unknown).apply(target, given);
      };
    },
  });
  const limits = new Map<string, SharedLimit>();
  const rules = rulesOf(options);
  return {
    clock,
    store,
    /** Round trips since the last time. */
    steps: () => {
      const taken = steps;
      steps = 0;
      return taken;
    },
    async ask(holder: string, running: number, calls: readonly string[] = [], spare = 0) {
      let limit = limits.get(holder);
      if (limit === undefined) {
        limit = new SharedLimit({ name: 't', rules, store: () => Promise.resolve(counted), clock });
        limits.set(holder, limit);
      }
      return limit.ask({ holder, running, calls, spare, leaseMs });
    },
    async state(): Promise<LimitState | undefined> {
      const found = await store.getVersioned('ctq.coordination.limit.t');
      return found === undefined ? undefined : (JSON.parse(new TextDecoder().decode(found.value)) as LimitState);
    },
  };
}

describe('permits', () => {
  test('are given to as many as may run, whoever asks', async () => {
    const { ask } = await setup({ concurrency: 3 });
    expect((await ask('a', 0, ['1', '2'])).answers).toEqual(['start', 'start']);
    expect((await ask('b', 0, ['3', '4'])).answers).toEqual(['start', 'busy']);
    expect((await ask('a', 2, ['5'])).answers).toEqual(['busy']);
    await ask('a', 0);
    expect((await ask('b', 1, ['6', '7'])).answers).toEqual(['start', 'start']);
  });

  test('of one who is not heard of are free when his lease is over, and not before', async () => {
    const { ask, clock } = await setup({ concurrency: 1 });
    await ask('killed', 0, ['1']);
    await clock.advance(leaseMs - 1);
    expect((await ask('b', 0, ['2'])).answers).toEqual(['busy']);
    await clock.advance(1);
    expect((await ask('b', 0, ['2'])).answers).toEqual(['start']);
  });

  test('of one who says in time that he runs on stay his', async () => {
    const { ask, clock } = await setup({ concurrency: 1 });
    await ask('a', 0, ['1']);
    for (let time = 0; time < 10; time += 1) {
      await clock.advance(leaseMs - 1);
      await ask('a', 1);
      expect((await ask('b', 0, ['2'])).answers).toEqual(['busy']);
    }
  });

  test('asked for twice, because an answer was lost, are given once', async () => {
    const { ask, state } = await setup({ concurrency: 5 });
    await ask('a', 0, ['1', '2']);
    await ask('a', 0, ['1', '2']);
    expect((await state())?.holders).toMatchObject({ a: [2, expect.any(Number)] });
  });

  test('can be had for those that wait, and are let go of', async () => {
    const { ask, state } = await setup({ concurrency: 2 });
    expect(await ask('a', 0, [], 5)).toEqual({ answers: [], held: 2, free: 0 });
    expect(await ask('a', 0)).toEqual({ answers: [], held: 0, free: 2 });
    expect(await state()).toBeUndefined();
  });

  test('take one round trip while nobody else asks, and none is needed to have none', async () => {
    const { ask, steps } = await setup({ concurrency: 100 });
    await ask('a', 0, ['1', '2', '3']);
    await ask('a', 3, ['4']);
    await ask('a', 2);
    await ask('a', 0);
    expect(steps()).toBe(4);
    await ask('a', 0);
    expect(steps()).toBe(0);
  });

  test('are never more than there are when many ask at once', async () => {
    const { ask, state } = await setup({ concurrency: 4 });
    const holders = ['a', 'b', 'c', 'd', 'e'];
    const taken = await Promise.all(holders.map((holder) => ask(holder, 0, ['1', '2'])));
    expect(taken.flatMap(({ answers }) => answers).filter((answer) => answer === 'start')).toHaveLength(4);
    const held = Object.values((await state())?.holders ?? {}).map(([permits]) => permits);
    expect(held.reduce((sum, permits) => sum + permits, 0)).toBe(4);
  });
});

describe('turns', () => {
  test('are promised behind each other, to whomever', async () => {
    const { ask, clock } = await setup({ rate: '60/m' });
    const now = clock.now();
    expect((await ask('a', 0, ['1', '2'])).answers).toEqual(['start', { at: now + second }]);
    expect((await ask('b', 0, ['3'])).answers).toEqual([{ at: now + 2 * second }]);
  });

  test('are kept for those who have a promise, wherever they come back', async () => {
    const { ask, clock } = await setup({ rate: '60/m' });
    await ask('a', 0, ['1', '2', '3']);
    await clock.advance(second);
    const now = clock.now();
    expect((await ask('b', 0, ['late'])).answers).toEqual([{ at: now + 2 * second }]);
    expect((await ask('b', 0, ['2'])).answers).toEqual(['start']);
    expect((await ask('b', 0, ['3'])).answers).toEqual([{ at: now + second }]);
  });

  test('that were missed do not add up', async () => {
    const { ask, clock } = await setup({ rate: '60/m' });
    const calls = Array.from({ length: 10 }, (_, call) => String(call));
    await ask('a', 0, calls);
    await clock.advance(60 * second);
    const now = clock.now();
    expect((await ask('a', 0, calls.slice(1))).answers).toEqual([
      'start',
      ...Array.from({ length: 8 }, (_, place) => ({ at: now + (place + 1) * second })),
    ]);
  });

  test('leave nothing behind when their time is over', async () => {
    const { ask, clock, store } = await setup({ rate: '60/m' });
    await ask('a', 0, ['1', '2']);
    await clock.advance(3_700 * second);
    expect(await store.list?.('')).toEqual([]);
  });

  test('keep to the rate over any time, whatever is asked when and by whom', () => {
    const asks = fc.array(
      fc.record({
        afterMs: fc.integer({ min: 0, max: 3_000 }),
        holder: fc.constantFrom('a', 'b', 'c'),
        fresh: fc.integer({ min: 0, max: 5 }),
        back: fc.integer({ min: 0, max: 5 }),
      }),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(asks, fc.integer({ min: 1, max: 4 }), (given, burst) => {
        const rules = rulesOf({ rate: 2, burst });
        let state = freshState;
        let now = 1_000_000;
        let id = 0;
        const promises = new Map<string, number>();
        const starts: number[] = [];
        for (const { afterMs, holder, fresh, back } of given) {
          now += afterMs;
          const calls = [
            ...[...promises.keys()].slice(0, back),
            ...Array.from({ length: fresh }, () => String((id += 1))),
          ];
          const step = takeStep(state, rules, { holder, running: 0, calls, spare: 0, leaseMs }, promises, now);
          state = step.state;
          for (const [call, at] of step.promised) promises.set(call, at);
          for (const [index, answer] of step.answers.entries()) {
            if (answer !== 'start') continue;
            starts.push(now);
            promises.delete(calls[index] ?? '');
          }
        }
        for (const [first, from] of starts.entries()) {
          for (let last = first; last < starts.length; last += 1) {
            const allowed = burst + ((starts[last] ?? 0) - from) / 500;
            expect(last - first + 1).toBeLessThanOrEqual(Math.floor(allowed + 1e-6));
          }
        }
      }),
    );
  });
});

test('the permits of a limit are never more than it has, whatever is asked', () => {
  const holders = ['a', 'b', 'c'];
  const asks = fc.array(fc.tuple(fc.constantFrom(...holders), fc.nat({ max: 5 }), fc.nat({ max: 5 }), fc.boolean()), {
    maxLength: 60,
  });
  fc.assert(
    fc.property(asks, (given) => {
      const rules = rulesOf({ concurrency: 4 });
      const running = new Map<string, number>(holders.map((holder) => [holder, 0]));
      let state = freshState;
      for (const [holder, wanted, ended, spares] of given) {
        const left = Math.max(0, (running.get(holder) ?? 0) - ended);
        const calls = Array.from({ length: wanted }, (_, call) => String(call));
        const ask = { holder, running: left, calls, spare: spares ? 3 : 0, leaseMs };
        const step = takeStep(state, rules, ask, new Map(), 1_000);
        state = step.state;
        const isStart = (answer: LimitAnswer): boolean => answer === 'start';
        running.set(holder, left + step.answers.filter(isStart).length);
        expect([...running.values()].reduce((sum, runs) => sum + runs, 0)).toBeLessThanOrEqual(4);
        expect(Object.values(state.holders).reduce((sum, [permits]) => sum + permits, 0)).toBeLessThanOrEqual(4);
        expect(step.held).toBeGreaterThanOrEqual(running.get(holder) ?? 0);
      }
    }),
  );
});
