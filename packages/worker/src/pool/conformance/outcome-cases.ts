import assert from 'node:assert/strict';
import type { Outcome } from '@ctq/core';
import type { ServiceCase } from '@ctq/runtime/conformance';
import type { PoolFactory } from '../pool.js';
import { PoolTrial } from './pool-trial.js';

/** How runs end: always with an outcome, never with a rejection. */
export function outcomeCases(factory: PoolFactory): readonly ServiceCase[] {
  const outcomeOf = async (task: string): Promise<Outcome> => {
    const trial = await PoolTrial.started(factory);
    const outcome = await trial.run(task);
    await trial.stop();
    assert.equal(trial.clock.pendingTimers, 0, 'the pool left a timer');
    return outcome;
  };
  return [
    {
      name: 'a function that returns has succeeded with its value',
      run: async () => {
        const outcome = await outcomeOf('kit.returns');
        assert.equal(outcome.kind, 'success');
        assert.equal(outcome.kind === 'success' && outcome.value, 42);
      },
    },
    {
      name: 'a promise is awaited',
      run: async () => {
        const outcome = await outcomeOf('kit.returnsLater');
        assert.equal(outcome.kind === 'success' && outcome.value, 'later');
      },
    },
    {
      name: 'values stay what results can hold: bytes, instants',
      run: async () => {
        const outcome = await outcomeOf('kit.returnsBytes');
        assert.ok(outcome.kind === 'success');
        const { bytes, at } = outcome.value as { readonly bytes: Uint8Array; readonly at: Date };
        assert.deepEqual([...bytes], [0, 255]);
        assert.equal(at.getTime(), 0);
      },
    },
    {
      name: 'a value that nobody asks for need not be one that results can hold',
      run: async () => {
        const outcome = await outcomeOf('kit.returnsForNobody');
        assert.equal(outcome.kind, 'success');
      },
    },
    {
      name: 'a function that throws has failed, and run does not reject',
      run: async () => {
        const outcome = await outcomeOf('kit.throws');
        assert.ok(outcome.kind === 'failure');
        assert.equal(outcome.reason, 'thrown');
        assert.ok(outcome.error instanceof RangeError);
        assert.equal(outcome.error.message, 'too far');
        assert.match(outcome.error.stack ?? '', /kit-app/, 'the stack is not that of the function');
      },
    },
    {
      name: 'something thrown that is not an Error becomes one',
      run: async () => {
        const outcome = await outcomeOf('kit.rejectsWithText');
        assert.ok(outcome.kind === 'failure' && outcome.error instanceof Error);
      },
    },
    {
      name: 'retry, ignore and reject are outcomes of their own, with what they say',
      run: async () => {
        const ignored = await outcomeOf('kit.ignores');
        assert.ok(ignored.kind === 'ignore' && ignored.ignore.message === 'nothing to do');
        const rejected = await outcomeOf('kit.rejects');
        assert.ok(rejected.kind === 'reject' && rejected.reject.message === 'not here' && rejected.reject.requeue);
        const retried = await outcomeOf('kit.retries');
        assert.ok(retried.kind === 'retry');
        const { error, dueAt, overrides, message } = retried.retry;
        assert.equal(error?.message, 'busy');
        assert.equal(typeof dueAt, 'number');
        assert.deepEqual([overrides.args, overrides.kwargs], [[1], { again: true }]);
        assert.equal(message, "Retry in 30s: RangeError('busy')");
      },
    },
    {
      name: 'it runs as many at the same time as its size says',
      run: async () => {
        const trial = await PoolTrial.started(factory);
        const all = await Promise.all(Array.from({ length: trial.pool.size }, () => trial.running('kit.untilAborted')));
        for (const { execution } of all) execution.abort.abort(new Error('enough'));
        for (const { outcome } of all) assert.equal((await outcome).kind, 'success');
        await trial.stop();
      },
    },
    {
      name: 'a task without limits costs no timer',
      run: async () => {
        const trial = await PoolTrial.started(factory);
        const { execution, outcome } = await trial.running('kit.untilAborted');
        assert.equal(trial.clock.pendingTimers, 0);
        execution.abort.abort(new Error('enough'));
        await outcome;
        await trial.stop();
      },
    },
  ];
}
