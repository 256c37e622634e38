import assert from 'node:assert/strict';
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
        const { execution, outcome } = await trial.running('kit.untilAborted');
        let isStopped = false;
        const stop = trial.stop().then(() => {
          isStopped = true;
        });
        await trial.clock.advance(60_000);
        assert.equal(isStopped, false, 'the pool stopped with a task running');
        execution.abort.abort(new Error('done'));
        const ended = await outcome;
        assert.equal(ended.kind === 'success' && ended.value, 'done');
        await stop;
      },
    },
    {
      name: 'stop lets go of a task that never settles at its deadline, and aborts its signal',
      run: async () => {
        const trial = await PoolTrial.started(factory);
        const { execution } = await trial.running('kit.neverEnds');
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
        const { outcome } = await trial.running('kit.untilAborted');
        trial.pool.abandon(new Error('The kit abandons it.'));
        const ended = await outcome;
        assert.ok(ended.kind === 'success' && ended.value === 'The kit abandons it.');
        await trial.stop();
      },
    },
  ];
}
