// As a package: the programs of threads and processes are the built ones.
import { WorkerLostError } from '@ctq/core';
import { DecodeError } from '@ctq/messaging';
import { type Pool, type PoolContext, poolConformance, processPool, threadPool } from '@ctq/worker/pool';
import { describe, expect, test } from 'vitest';
import { PoolTrial } from '../conformance/pool-trial.js';
import { slotApp } from './__fixtures__/slot-app.js';
import type { SlotStartError } from './slot-start-error.js';

/** Two of each: every slot loads the application. */
const small = (create: (context: PoolContext) => Pool) => (context: PoolContext) =>
  create({ ...context, size: Math.min(context.size ?? 2, 2) });

const url = new URL('../../../dist/pool/slots/__fixtures__/slot-app.js', import.meta.url).href;
/** What a worker has of it that cannot read its values. */
const app = slotApp(() => {
  throw new TypeError('no money here');
});

function started(factory: (context: PoolContext) => Pool, changes: Partial<PoolContext> = {}): Promise<PoolTrial> {
  const { results } = app.kernel;
  return PoolTrial.started(factory, { size: 1, locator: { url, export: 'app' }, store: results, ...changes }, app);
}

describe.each([
  ['threads', threadPool],
  ['processes', processPool],
])('The pool of %s', (_name, factory) => {
  for (const { name, run } of poolConformance({ create: small(factory) })) test(name, run);

  test.each(['slots.earns', 'slots.earnsAgain'])(
    'what the worker cannot read has failed, and the slot goes on: %s',
    async (task) => {
      await using trial = await started(factory);
      const outcome = await trial.run(task);
      expect(outcome).toMatchObject({ kind: 'failure', reason: 'encoding' });
      expect(outcome.kind === 'failure' && outcome.error).toBeInstanceOf(DecodeError);
      expect(outcome.kind === 'failure' && outcome.error.message).toContain('no money here');
      expect(await trial.run('slots.returns')).toMatchObject({ kind: 'success', value: 42 });
      expect(trial.lines).toEqual([]);
    },
  );

  test('what no message to the worker can hold has failed, and the slot goes on', async () => {
    await using trial = await started(factory);
    expect(await trial.run('slots.retriesStrangely')).toMatchObject({ kind: 'failure', reason: 'encoding' });
    expect(await trial.run('slots.returns')).toMatchObject({ kind: 'success', value: 42 });
    expect(trial.lines).toEqual([]);
  });

  test('a slot that dies in the middle of a line has said that much', async () => {
    await using trial = await started(factory);
    const outcome = await trial.run('slots.diesInMidLine');
    expect(outcome.kind === 'failure' && outcome.error.message).toContain('these were its last');
  });

  test('grows when slots can be loaded, and stays as it is when they cannot', async () => {
    const settings = { acceptContent: ['json'] };
    await using trial = await started(factory, { handOver: () => ({ settings }) });
    settings.acceptContent = ['never-heard-of'];
    const resized = trial.pool.resize?.(2).catch((error: unknown) => error);
    const error = (await resized) as SlotStartError;
    expect([error.code, trial.pool.size]).toEqual(['CTQ_SLOT_START', 1]);
    settings.acceptContent = ['json'];
    await trial.pool.resize?.(2);
    const both = await Promise.all([trial.run('slots.returns'), trial.run('slots.returns')]);
    expect(both).toMatchObject([{ value: 42 }, { value: 42 }]);
  });
});

describe('A process of a pool', () => {
  test('that dies when its task is done has done it', async () => {
    await using trial = await started(processPool);
    expect(await trial.run('slots.diesWhenDone')).toMatchObject({ kind: 'success', value: 42 });
  });

  test('that dies is noticed although it has left another process behind, which holds its stderr', async () => {
    await using trial = await started(processPool);
    const outcome = await trial.run('slots.leavesProcessBehind');
    const { message } = await trial.line((line) => line.message.startsWith('left '));
    process.kill(Number(message.slice('left '.length)), 'SIGKILL');
    expect(outcome.kind === 'failure' && WorkerLostError.isInstance(outcome.error)).toBe(true);
  });
});
