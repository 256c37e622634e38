import assert from 'node:assert/strict';
import { WorkerLostError } from '@ctq/core';
import type { ServiceCase } from '@ctq/runtime/conformance';
import type { PoolFactory } from '../pool.js';
import { PoolTrial } from './pool-trial.js';

/** What pools promise that can end the code of a task (`supports.terminate`). */
export function isolationCases(factory: PoolFactory): readonly ServiceCase[] {
  return [
    {
      name: 'the hard limit ends code that never gives the loop back, and the next task runs',
      run: async () => {
        const trial = await PoolTrial.started(factory, { size: 1 });
        const { outcome } = await trial.running('kit.blocks', { softMs: undefined, hardMs: 1_000 });
        await trial.clock.advance(1_000);
        const ended = await outcome;
        assert.equal(ended.kind === 'failure' && ended.reason, 'timeout');
        const next = await trial.run('kit.returns');
        assert.equal(next.kind === 'success' && next.value, 42);
        await trial.stop();
      },
    },
    {
      name: 'a task whose thread or process dies is lost, with how it ended and what it said last; the next task runs',
      run: async () => {
        const trial = await PoolTrial.started(factory, { size: 1 });
        const ended = await trial.run('kit.dies');
        assert.ok(ended.kind === 'failure' && ended.reason === 'worker-lost');
        assert.ok(WorkerLostError.isInstance(ended.error));
        assert.match(ended.error.message, /kit\.dies\[id-1\].*exit code 3.*the last words/s);
        const next = await trial.run('kit.returns');
        assert.equal(next.kind === 'success' && next.value, 42);
        await trial.stop();
      },
    },
    {
      name: 'a task can be terminated, and no other is harmed',
      run: async () => {
        const trial = await PoolTrial.started(factory, { size: 2 });
        const [one, other] = [await trial.running('kit.blocks'), await trial.running('kit.untilAborted')];
        assert.equal(trial.pool.terminate?.(one.execution), true);
        const ended = await one.outcome;
        assert.equal(ended.kind === 'failure' && ended.reason, 'worker-lost');
        assert.equal(trial.pool.terminate?.(one.execution), false);
        other.execution.abort.abort(new Error('done'));
        assert.equal((await other.outcome).kind, 'success');
        await trial.stop();
      },
    },
    {
      name: 'a stop whose deadline passes ends code that never gives the loop back',
      run: async () => {
        const trial = await PoolTrial.started(factory, { size: 1 });
        const { outcome } = await trial.running('kit.blocks');
        const stop = trial.stop(1_000);
        await trial.clock.advance(1_000);
        await stop;
        assert.equal((await outcome).kind, 'failure');
      },
    },
    {
      name: 'hooks hear of the outcome that stands, where the function ran',
      run: async () => {
        const trial = await PoolTrial.started(factory, { size: 1 });
        const execution = trial.execution('kit.hears');
        const outcome = await trial.pool.run(execution, { softMs: undefined, hardMs: undefined });
        await trial.pool.tell?.(execution, outcome);
        assert.ok(trial.lines.some(({ message }) => message === 'hook: 42'));
        const failing = trial.execution('kit.hears');
        const succeeded = await trial.pool.run(failing, { softMs: undefined, hardMs: undefined });
        assert.equal(succeeded.kind, 'success');
        const error = new Error('could not be stored');
        await trial.pool.tell?.(failing, { kind: 'failure', error, reason: 'encoding', runtimeMs: 1 });
        assert.ok(trial.lines.some(({ message }) => message === 'hook: could not be stored'));
        await trial.stop();
      },
    },
    {
      name: 'hooks hear of their outcome before another task begins where they are',
      run: async () => {
        const trial = await PoolTrial.started(factory, { size: 1 });
        const execution = trial.execution('kit.hears');
        const outcome = await trial.pool.run(execution, { softMs: undefined, hardMs: undefined });
        const next = trial.running('kit.untilAborted');
        await trial.pool.tell?.(execution, outcome);
        const { execution: begun, outcome: end } = await next;
        const told = trial.lines.filter(({ message }) => message === 'hook: 42' || message === 'runs');
        assert.deepEqual(
          told.map(({ message }) => message),
          ['hook: 42', 'runs'],
        );
        begun.abort.abort(new Error('done'));
        await end;
        await trial.stop();
      },
    },
    {
      name: 'a thread or process that has run its share is replaced, and its hooks are heard first',
      run: async () => {
        const recycle = { maxTasks: 1, maxMemoryKiB: Number.POSITIVE_INFINITY };
        const trial = await PoolTrial.started(factory, { size: 1, recycle });
        const execution = trial.execution('kit.hears');
        const outcome = await trial.pool.run(execution, { softMs: undefined, hardMs: undefined });
        const next = await trial.run('kit.returns');
        assert.equal(next.kind === 'success' && next.value, 42);
        await trial.pool.tell?.(execution, outcome);
        assert.ok(trial.lines.some(({ message }) => message === 'hook: 42'));
        await trial.stop();
      },
    },
    {
      name: 'its size can be changed',
      run: async () => {
        const trial = await PoolTrial.started(factory, { size: 1 });
        await trial.pool.resize?.(2);
        assert.equal(trial.pool.size, 2);
        const both = [await trial.running('kit.untilAborted'), await trial.running('kit.untilAborted')];
        await trial.pool.resize?.(1);
        for (const { execution } of both) execution.abort.abort(new Error('done'));
        for (const { outcome } of both) assert.equal((await outcome).kind, 'success');
        assert.equal((await trial.run('kit.returns')).kind, 'success');
        await trial.stop();
      },
    },
  ];
}
