import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ctq } from '@ctq/core';
import { startProgram } from '@ctq/docs-check/program';
import { describe, expect, onTestFinished, test } from 'vitest';
import { folderOfItsOwn } from './folder-of-its-own.js';

// Nasty tasks that concern the whole process of a worker; the others are in nasty-tasks.test.ts.

const cli = fileURLToPath(import.meta.resolve('@ctq/cli/bin'));
const tasks = fileURLToPath(new URL('../dist/nasty-tasks.js', import.meta.url));
const soon = { timeout: '60s' } as const;
const limit = { timeout: 120_000 };

/** An SQLite file, what starts worker processes on it, and a client. */
function setup(pool: string) {
  const folder = folderOfItsOwn();
  const backend = `sqlite:${join(folder, 'queue.sqlite')}`;
  const broker = `${backend}?leaseDuration=1s`;
  const client = new Ctq('client', { broker, backend });
  onTestFinished(() => client.close());
  const start = async (name: string) => {
    const of = ['-A', tasks, '-b', broker, '--result-backend', backend];
    const worker = startProgram(cli, [...of, 'worker', '-l', 'info', '-P', pool, '-n', name, '-c', '1']);
    onTestFinished(() => worker.kill('SIGKILL'));
    await worker.line(/ ready\.$/);
    return worker;
  };
  return { folder, client, start };
}

describe.each(['async', 'solo'])('With the pool %s a task that', limit, (pool) => {
  // A loop that never ends: packages/worker/src/blocked-loop.test.ts. A task that does this each time: poison.test.ts.
  test.each([
    ['calls process.exit', 'exit', 3, /$/],
    ['leaves a rejection to nobody', 'rejection', 1, /nobody listens to me/],
  ] as const)('%s takes the worker down, and the next one runs it', async (_, how, code, said) => {
    const { folder, client, start } = setup(pool);
    const first = await start('first');
    const result = await client.sendTask('takesDown', [how, join(folder, 'mark')]);
    expect(await first.exited).toBe(code);
    expect(first.lines.join('\n')).toMatch(said);
    await start('second');
    expect(await result.get(soon)).toBe('ran');
  });
});

describe.each(['async', 'solo', 'threads', 'processes'])('With the pool %s a task that', limit, (pool) => {
  test('floods stdout is done, and all that it printed arrives', async () => {
    const { client, start } = setup(pool);
    const worker = await start('worker');
    const flood = await client.sendTask('floodsStdout', [5_000]);
    const sum = await client.sendTask('add', [1, 2]);
    expect(await Promise.all([flood.get(soon), sum.get(soon)])).toEqual([5_000, 3]);
    await worker.line(/flood line 4999$/);
    expect(worker.lines.filter((line) => /flood line \d+$/.test(line))).toHaveLength(5_000);
    worker.kill('SIGTERM');
    expect(await worker.exited).toBe(0);
  });
});
