import assert from 'node:assert/strict';
import { SoftTimeLimitExceeded, TimeLimitExceeded } from '@ctq/core';
import { deferred } from '@ctq/runtime';
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
        const run = trial.run((ctx) => untilAborted(ctx.signal), { softMs: 5_000, hardMs: undefined });
        await trial.clock.advance(5_000);
        const outcome = await run;
        assert.ok(outcome.kind === 'failure' && SoftTimeLimitExceeded.isInstance(outcome.error));
        assert.ok(
          trial.lines.some(({ message }) => message.startsWith('Soft time limit (5s) exceeded for kit.task1[id-1]')),
        );
        await trial.stop();
      },
    },
    {
      name: 'a task may go on after its soft limit, and succeed',
      run: async () => {
        const trial = await PoolTrial.started(factory);
        const run = trial.run((ctx) => untilAborted(ctx.signal).catch(() => 'tidied up'), {
          softMs: 5_000,
          hardMs: 10_000,
        });
        await trial.clock.advance(5_000);
        const outcome = await run;
        assert.equal(outcome.kind === 'success' && outcome.value, 'tidied up');
        assert.equal(trial.clock.pendingTimers, 0, 'the hard limit was left running');
        await trial.stop();
      },
    },
    {
      name: 'at the hard limit the outcome is a timeout, whatever the task does',
      run: async () => {
        const trial = await PoolTrial.started(factory);
        const run = trial.run(() => new Promise(() => undefined), { softMs: undefined, hardMs: 30_000 });
        await trial.clock.advance(30_000);
        const outcome = await run;
        assert.equal(outcome.kind === 'failure' && outcome.reason, 'timeout');
        assert.ok(outcome.kind === 'failure' && TimeLimitExceeded.isInstance(outcome.error));
        await trial.stop();
      },
    },
    {
      name: 'what comes after the hard limit changes nothing, and is told',
      run: async () => {
        const trial = await PoolTrial.started(factory);
        if (trial.pool.supports.terminate) return;
        const open = deferred();
        const run = trial.run(() => open.promise, { softMs: undefined, hardMs: 1_000 });
        await trial.clock.advance(1_000);
        assert.equal((await run).kind, 'failure');
        open.resolve();
        await trial.clock.advance(0);
        assert.ok(trial.lines.some(({ level, message }) => level === 'warn' && message.includes('is dropped')));
        await trial.stop();
      },
    },
    {
      name: 'a task that keeps its limits leaves no timer',
      run: async () => {
        const trial = await PoolTrial.started(factory);
        assert.equal((await trial.run(() => 1, { softMs: 1_000, hardMs: 2_000 })).kind, 'success');
        assert.equal(trial.clock.pendingTimers, 0);
        await trial.stop();
      },
    },
  ];
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}
