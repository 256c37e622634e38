// As a package: the programs of threads and processes are the built ones.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { WorkerLostError } from '@ctq/core';
import { DecodeError } from '@ctq/messaging';
import { type Pool, type PoolContext, poolConformance, processPool, threadPool } from '@ctq/worker/pool';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WorkerScene } from '../../__fixtures__/worker-scene.js';
import { PoolTrial } from '../conformance/pool-trial.js';
import { moneySerializer, slotApp } from './__fixtures__/slot-app.js';
import type { SlotStartError } from './slot-start-error.js';

/** Two of each: every slot loads the application. */
const small = (create: (context: PoolContext) => Pool) => (context: PoolContext) =>
  create({ ...context, size: Math.min(context.size ?? 2, 2) });

const built = ({ href }: URL): string => href.replace('/worker/src/pool/', '/worker/dist/pool/');
const url = built(new URL('./__fixtures__/slot-app.js', import.meta.url));
const program = fileURLToPath(built(new URL('./__fixtures__/pool-program.js', import.meta.url)));
/** Of a worker that cannot read its values. */
const blind = moneySerializer(() => {
  throw new TypeError('no money here');
});
const app = slotApp(blind);

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

  test('of short tasks that were given ahead to a slot that ends, each runs once, and one is lost', async () => {
    await using trial = await started(factory);
    for (let run = 1; run <= 8; run += 1) await trial.run('slots.diesAsTwelfth');
    const ids = Array.from({ length: 8 }, (_, index) => `id-${index + 9}`);
    const outcomes = await Promise.all(ids.map(() => trial.run('slots.diesAsTwelfth')));
    const lost = outcomes.flatMap((outcome, index) => (outcome.kind === 'success' ? [] : [[ids[index], outcome]]));
    expect(lost).toEqual([['id-12', expect.objectContaining({ reason: 'worker-lost' })]]);
    const begun = trial.lines.flatMap(({ message }) => (message.endsWith(' runs') ? [message] : []));
    expect(begun.slice(8).sort()).toEqual(ids.map((id) => `${id} runs`).sort());
  });

  test('the caller of a task whose value the worker cannot read is told', async () => {
    await using scene = new WorkerScene({ serializers: [blind] });
    const earns = scene.app.task('slots.earns', () => undefined);
    const worker = await scene.start({ pool: factory, module: url, concurrency: 1 });
    await expect((await earns.delay()).get()).rejects.toThrow('no money here');
    await worker.stop();
    expect(await scene.waiting()).toBe(0);
  });

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

  test.each([
    ['after so many tasks [ST-199, SD-213]', { workerMaxTasksPerChild: 2 }, [1, 1, 2]],
    ['after a task that left it too large [ST-198, SD-213, WK-077]', { workerMaxMemoryPerChild: 1 }, [1, 2]],
    ['not while it is small [ST-198, WK-077]', { workerMaxMemoryPerChild: 100_000_000 }, [1, 1, 1]],
  ])('a worker replaces a slot %s', async (_when, settings, expected) => {
    await using scene = new WorkerScene(settings);
    const where = scene.app.task('slots.where', () => [0, 0]);
    const worker = await scene.start({ pool: factory, module: url, concurrency: 1 });
    const seen: string[] = [];
    const slots: number[] = [];
    for (let run = 0; run < expected.length; run += 1) {
      const result = await where.delay();
      const place = String(await result.get());
      if (!seen.includes(place)) seen.push(place);
      slots.push(seen.indexOf(place) + 1);
    }
    expect(slots).toEqual(expected);
    await worker.stop();
  });

  test('that is restarted runs its tasks in new slots, and says in which process each runs [RC-036, RC-056]', async () => {
    await using trial = await started(factory);
    const execution = trial.execution('slots.where');
    const running = trial.pool.run(execution, { softMs: undefined, hardMs: undefined });
    const pid = trial.pool.pidOf?.(execution);
    const before = await running;
    expect(before).toMatchObject({ kind: 'success', value: [pid, expect.any(Number)] });
    const { value } = before as Extract<typeof before, { readonly kind: 'success' }>;
    expect(await trial.run('slots.where')).toMatchObject({ value });
    trial.pool.restart?.();
    expect(await trial.run('slots.where')).not.toMatchObject({ value });
  });

  test('tells its signals in each slot: before its first task, and when it leaves [SG-035, SG-036, WK-073]', async () => {
    await using trial = await started(factory);
    for (let run = 0; run < 2; run += 1)
      expect(await trial.run('slots.prepared')).toMatchObject({ kind: 'success', value: ['kit@host true'] });
    await trial.stop();
    await trial.line(({ message }) => message === 'kit@host is left');
  });

  test('a value that nobody asks for is shown by the log, and stays where it is', async () => {
    await using scene = new WorkerScene({ resultMaxSize: 1_000 });
    const large = scene.app.task('slots.returnsLarge', { ignoreResult: true }, (): string[] => []);
    const worker = await scene.start({ pool: factory, module: url, concurrency: 1 });
    await large.delay();
    await scene.line(/slots\.returnsLarge.*succeeded in .*s: \['many', 'many', /);
    await large.applyAsync([], { ignoreResult: false });
    await scene.line(/slots\.returnsLarge.*raised unexpected: .*resultMaxSize/);
    await worker.stop();
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

/** A worker's program, and the next line that it or its slot prints after a task was begun. */
function poolProgram(env = process.env) {
  const worker = spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'inherit'], env });
  const gone = once(worker, 'close');
  const lines = createInterface(worker.stdout)[Symbol.asyncIterator]();
  const run = async (task: string): Promise<string | undefined> => {
    worker.stdin.write(`${task}\n`);
    return (await lines.next()).value as string | undefined;
  };
  return { worker, gone, run };
}

describe('A process of a pool', () => {
  test('stays when the terminal tells its group to leave, and goes when its worker is gone [WK-073]', async () => {
    const { worker, gone, run } = poolProgram();
    const pidOfNext = async (): Promise<number> => Number(await run('slots.where'));
    const pid = await pidOfNext();
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(pid, signal);
    expect(await pidOfNext()).toBe(pid);
    worker.kill('SIGKILL');
    // The process has the worker's stdout, too: it is closed when both are gone.
    expect(await gone).toEqual([null, 'SIGKILL']);
  });

  test('goes when its worker is gone although its task never gives the loop back', async () => {
    const { worker, gone, run } = poolProgram();
    expect(await run('slots.blocks')).toBe('blocks');
    worker.kill('SIGKILL');
    expect(await gone).toEqual([null, 'SIGKILL']);
  });

  test('preloads what the program does, and not in the thread that looks after it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ctq-preload-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const preload = join(folder, 'preload.cjs');
    writeFileSync(preload, "if (!require('node:worker_threads').isMainThread) throw new Error('too large');");
    const { worker, gone, run } = poolProgram({ ...process.env, NODE_OPTIONS: `--require ${preload}` });
    const pid = await run('slots.where');
    expect([Number(pid) > 0, await run('slots.where')]).toEqual([true, pid]);
    worker.kill('SIGKILL');
    await gone;
  });

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
