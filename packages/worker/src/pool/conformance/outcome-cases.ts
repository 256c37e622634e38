import assert from 'node:assert/strict';
import { Ignore, type Outcome, Reject } from '@ctq/core';
import { deferred } from '@ctq/runtime';
import type { ServiceCase } from '@ctq/runtime/conformance';
import type { PoolFactory } from '../pool.js';
import { PoolTrial } from './pool-trial.js';

/** How runs end: always with an outcome, never with a rejection. */
export function outcomeCases(factory: PoolFactory): readonly ServiceCase[] {
  const outcomeOf = async (run: () => unknown): Promise<Outcome> => {
    const trial = await PoolTrial.started(factory);
    const outcome = await trial.run(run);
    await trial.stop();
    assert.equal(trial.clock.pendingTimers, 0, 'the pool left a timer');
    return outcome;
  };
  return [
    {
      name: 'a function that returns has succeeded with its value',
      run: async () => {
        const outcome = await outcomeOf(() => 42);
        assert.equal(outcome.kind, 'success');
        assert.equal(outcome.kind === 'success' && outcome.value, 42);
      },
    },
    {
      name: 'a promise is awaited',
      run: async () => {
        const outcome = await outcomeOf(() => Promise.resolve('later'));
        assert.equal(outcome.kind === 'success' && outcome.value, 'later');
      },
    },
    {
      name: 'a function that throws has failed, and run does not reject',
      run: async () => {
        const outcome = await outcomeOf(() => {
          throw new RangeError('too far');
        });
        assert.equal(outcome.kind === 'failure' && outcome.reason, 'thrown');
        assert.equal(outcome.kind === 'failure' && outcome.error.message, 'too far');
      },
    },
    {
      name: 'something thrown that is not an Error becomes one',
      run: async () => {
        // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- what is tested
        const outcome = await outcomeOf(() => Promise.reject('text'));
        assert.ok(outcome.kind === 'failure' && outcome.error instanceof Error);
      },
    },
    {
      name: 'retry, ignore and reject are outcomes of their own',
      run: async () => {
        const kinds: string[] = [];
        const trial = await PoolTrial.started(factory);
        for (const run of [
          () => Promise.reject(new Ignore()),
          () => Promise.reject(new Reject('no', { requeue: true })),
          (ctx: { retry(): never }) => ctx.retry(),
        ]) {
          kinds.push((await trial.run(run)).kind);
        }
        await trial.stop();
        assert.deepEqual(kinds, ['ignore', 'reject', 'retry']);
      },
    },
    {
      name: 'it runs as many at the same time as its size says',
      run: async () => {
        const trial = await PoolTrial.started(factory);
        const open = deferred();
        const allRun = deferred();
        let running = 0;
        const runs = Array.from({ length: trial.pool.size }, () =>
          trial.run(async () => {
            running += 1;
            if (running === trial.pool.size) allRun.resolve();
            await open.promise;
          }),
        );
        await allRun.promise;
        open.resolve();
        for (const outcome of await Promise.all(runs)) assert.equal(outcome.kind, 'success');
        await trial.stop();
      },
    },
    {
      name: 'a task without limits costs no timer',
      run: async () => {
        const trial = await PoolTrial.started(factory);
        const open = deferred();
        const run = trial.run(() => open.promise);
        assert.equal(trial.clock.pendingTimers, 0);
        open.resolve();
        await run;
        await trial.stop();
      },
    },
  ];
}
