import assert from 'node:assert/strict';
import { deferred } from '@ctq/runtime';
import type { ServiceCase } from '@ctq/runtime/conformance';
import type { PoolFactory } from '../pool.js';
import { PoolTrial } from './pool-trial.js';

/** Stopping while tasks run. */
export function stopCases(factory: PoolFactory): readonly ServiceCase[] {
  return [
    {
      name: 'stop waits for what runs',
      run: async () => {
        const trial = await PoolTrial.started(factory);
        const open = deferred<string>();
        const run = trial.run(() => open.promise);
        let isStopped = false;
        const stop = trial.stop().then(() => {
          isStopped = true;
        });
        await trial.clock.advance(60_000);
        assert.equal(isStopped, false, 'the pool stopped with a task running');
        open.resolve('done');
        const outcome = await run;
        assert.equal(outcome.kind === 'success' && outcome.value, 'done');
        await stop;
      },
    },
    {
      name: 'stop lets go of a task that never settles at its deadline, and aborts its signal',
      run: async () => {
        const trial = await PoolTrial.started(factory);
        const execution = trial.execution(() => new Promise(() => undefined));
        void trial.pool.run(execution, { softMs: undefined, hardMs: undefined });
        const stop = trial.stop(5_000);
        await trial.clock.advance(5_000);
        await stop;
        assert.ok(execution.abort.reason instanceof Error);
      },
    },
    {
      name: 'abandon aborts the signal of everything that runs, with the reason',
      run: async () => {
        const trial = await PoolTrial.started(factory);
        const reason = new Error('The kit abandons it.');
        const run = trial.run(
          (ctx) => new Promise((resolve) => ctx.signal.addEventListener('abort', () => resolve(ctx.signal.reason))),
        );
        trial.pool.abandon(reason);
        const outcome = await run;
        assert.ok(outcome.kind === 'success' && outcome.value === reason);
        await trial.stop();
      },
    },
  ];
}
