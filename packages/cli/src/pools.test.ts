import { describe, expect, test } from 'vitest';
import { CommandRun } from './__fixtures__/command.js';
import { Project } from './__fixtures__/project.js';

const tasks = `import { Ctq, currentTask } from '@ctq/core';
import { isMainThread } from 'node:worker_threads';

export const app = new Ctq('demo', { taskTrackStarted: true });
const told: string[] = [];
app.signals.taskPrerun.connect(({ task }) => void told.push(task));

export const where = app.task('where', () => [process.pid, isMainThread]);
export const stuck = app.task('stuck', { timeLimit: '500ms' }, (): number => {
  for (;;);
});
export const dies = app.task('dies', { rejectOnWorkerLost: false }, () => {
  process.stderr.write('these were its last words\\n');
  process.exit(7);
});
export const queue = app.task('queue', async () => {
  const { id } = await where.applyAsync([], { queue: app.conf.taskDefaultQueue });
  return [app.conf.taskDefaultQueue, currentTask()?.request.hostname, told.length > 0, id];
});
enum Colour { Red = 'red' }
export const fails = app.task('fails', { onFailure: (error) => console.error('hook', error.message) }, (): number => {
  throw Object.assign(new RangeError('too ' + Colour.Red), { code: 'E_RED' });
});
`;

async function ctq(
  project: Project,
  ...args: readonly string[]
): Promise<{ code: number | null; out: string; err: string }> {
  await using command = new CommandRun(project.folder, ['-A', './tasks.ts', ...args]);
  const code = await command.exitCode;
  return { code, out: command.out, err: command.err };
}

/** Calls a task; resolves with what `ctq result` prints of it once it is there. */
async function outcomeOf(project: Project, task: string, ...options: readonly string[]): Promise<string> {
  const { out: id } = await ctq(project, 'call', task, ...options);
  const { out, err } = await ctq(project, 'result', id.trim());
  return out + err;
}

describe.each(['processes', 'threads', 'prefork'])('A worker with -P %s', (pool) => {
  test('runs tasks of a TypeScript file outside of its own loop [WK-065, WK-066]', async () => {
    using project = new Project({ 'tasks.ts': tasks });
    const command = [
      '-A',
      './tasks.ts',
      'worker',
      '-l',
      'info',
      '-P',
      pool,
      '-c',
      '2',
      '-n',
      'w1@host',
      'task.default_queue=other',
    ];
    await using worker = new CommandRun(project.folder, command);
    await worker.says(/ready\./);
    const [pid, isMain] = JSON.parse(await outcomeOf(project, 'where', '--queue', 'other')) as [number, boolean];
    expect(isMain).toBe(pool !== 'threads');
    expect(pid === worker.pid).toBe(pool === 'threads');

    const [queue, hostname, isTold, id] = JSON.parse(
      await outcomeOf(project, 'queue', '--queue', 'other'),
    ) as unknown[];
    expect([queue, hostname, isTold]).toEqual(['other', 'w1@host', true]);
    expect(JSON.parse((await ctq(project, 'result', String(id))).out)).toHaveLength(2);

    expect(await outcomeOf(project, 'stuck', '--queue', 'other')).toContain(
      'The task was ended at its time limit of 500ms.',
    );
    expect(await outcomeOf(project, 'dies', '--queue', 'other')).toMatch(
      /exit code 7; its last lines were:\n.*these were its last words/s,
    );
    expect(await outcomeOf(project, 'fails', '--queue', 'other')).toContain('too red');
    await worker.says(/hook too red/);
    expect(JSON.parse(await outcomeOf(project, 'where', '--queue', 'other'))).toHaveLength(2);
    worker.kill('SIGTERM');
    expect(await worker.exitCode).toBe(0);
  }, 60_000);
});

test.each([
  ['--max-tasks-per-child', 'CL-041'],
  ['--max-memory-per-child', 'CL-042'],
])(
  'A worker with %s 1 runs each task in a process of its own [%s]',
  async (option) => {
    using project = new Project({ 'tasks.ts': tasks });
    const command = ['-A', './tasks.ts', 'worker', '-l', 'info', '-P', 'processes', '-c', '1', option, '1'];
    await using worker = new CommandRun(project.folder, command);
    await worker.says(/ready\./);
    const [one] = JSON.parse(await outcomeOf(project, 'where')) as [number];
    const [other] = JSON.parse(await outcomeOf(project, 'where')) as [number];
    expect(new Set([one, other, worker.pid]).size).toBe(3);
    worker.kill('SIGTERM');
    expect(await worker.exitCode).toBe(0);
  },
  60_000,
);
