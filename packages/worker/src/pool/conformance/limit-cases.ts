import assert from 'node:assert/strict';
import { SoftTimeLimitExceeded, TimeLimitExceeded } from '@ctq/core';
import type { ServiceCase } from '@ctq/runtime/conformance';
import type { PoolFactory } from '../pool.js';
import { PoolTrial } from './pool-trial.js';

/** Time limits. */
export function limitCases(factory: PoolFactory): readonly ServiceCase[] {
  return [
    {
      name: 'the soft limit aborts the signal, and a task that lets the reason pass fails with it',
      run: async () => {
        const trial = await PoolTrial.started(factory);
        const { outcome } = await trial.running('kit.failsWhenAborted', { softMs: 5_000, hardMs: undefined });
        await trial.clock.advance(5_000);
        const ended = await outcome;
        assert.ok(ended.kind === 'failure' && SoftTimeLimitExceeded.isInstance(ended.error));
        assert.ok(
          trial.lines.some(({ message }) =>
            message.startsWith('Soft time limit (5s) exceeded for kit.failsWhenAborted[id-1]'),
          ),
        );
        await trial.stop();
      },
    },
    {
      name: 'a task may go on after its soft limit, and succeed',
      run: async () => {
        const trial = await PoolTrial.started(factory);
        const { outcome } = await trial.running('kit.untilAborted', { softMs: 5_000, hardMs: 10_000 });
        await trial.clock.advance(5_000);
        assert.equal((await outcome).kind, 'success');
        assert.equal(trial.clock.pendingTimers, 0, 'the hard limit was left running');
        await trial.stop();
      },
    },
    {
      name: 'at the hard limit the outcome is a timeout, whatever the task does',
      run: async () => {
        const trial = await PoolTrial.started(factory);
        const { outcome } = await trial.running('kit.neverEnds', { softMs: undefined, hardMs: 30_000 });
        await trial.clock.advance(30_000);
        const ended = await outcome;
        assert.equal(ended.kind === 'failure' && ended.reason, 'timeout');
        assert.ok(ended.kind === 'failure' && TimeLimitExceeded.isInstance(ended.error));
        await trial.stop();
      },
    },
    {
      name: 'what comes after the hard limit changes nothing, and is told; or nothing comes',
      run: async () => {
        const trial = await PoolTrial.started(factory);
        const { outcome } = await trial.running('kit.untilAborted', { softMs: undefined, hardMs: 1_000 });
        await trial.clock.advance(1_000);
        assert.equal((await outcome).kind, 'failure');
        await trial.clock.advance(0);
        const isTold = trial.lines.some(({ level, message }) => level === 'warn' && message.includes('is dropped'));
        assert.equal(isTold, !trial.pool.supports.terminate);
        await trial.stop();
      },
    },
    {
      name: 'a task that keeps its limits leaves no timer',
      run: async () => {
        const trial = await PoolTrial.started(factory);
        assert.equal((await trial.run('kit.returns', { softMs: 1_000, hardMs: 2_000 })).kind, 'success');
        assert.equal(trial.clock.pendingTimers, 0);
        await trial.stop();
      },
    },
  ];
}
