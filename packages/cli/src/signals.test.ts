import { describe, expect, test } from 'vitest';
import { CommandRun } from './__fixtures__/command.js';
import { Project } from './__fixtures__/project.js';

const tasks = `import { Ctq } from '@ctq/core';
export const app = new Ctq('demo');
app.task('pid', () => process.pid);
app.task('folder', () => process.cwd());
app.task('patient', () => {
  console.log('it runs');
  return new Promise((resolve) => process.once('SIGUSR2', () => resolve('done')));
});
`;

async function run(project: Project, args: readonly string[]) {
  await using command = new CommandRun(project.folder, ['-A', 'tasks', ...args]);
  const code = await command.exitCode;
  return { code, out: command.out, err: command.err };
}

const call = async (project: Project, name: string): Promise<string> => (await run(project, ['call', name])).out.trim();

const resultOf = async (project: Project, name: string): Promise<string> =>
  (await run(project, ['result', await call(project, name)])).out.trim();

/** Resolves when the text was said so often. */
const said = (text: string, times: number): RegExp => new RegExp(`(?:${text}[^]*){${times}}`);

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe('SIGUSR1', () => {
  test('prints what runs, and the worker goes on [WK-094]', async () => {
    using project = new Project({ 'tasks.ts': tasks });
    await using worker = new CommandRun(project.folder, ['-A', 'tasks', 'worker', '-l', 'info', '-n', 'w1', '-c', '1']);
    await worker.says(/ready\./);
    const id = await call(project, 'patient');
    await worker.says(/it runs/);
    worker.kill('SIGUSR1');
    await worker.says(/^\S*w1\S*: running, 1 slots in async$/m);
    await worker.says(
      new RegExp(`^broker: connected, consuming from celery\\n1 running, .*\\n  patient\\[${id}\\] for `, 'm'),
    );
    expect(worker.err).not.toContain('Debugger listening');
    worker.kill('SIGUSR2');
    expect((await run(project, ['result', id])).out).toBe('done\n');
    worker.kill('SIGTERM');
    expect(await worker.exitCode).toBe(0);
  });
});

describe('SIGHUP', () => {
  test('restarts the worker with its arguments when it is done, again and again, in at most two processes [WK-093]', async () => {
    using project = new Project({ 'deep/tasks.ts': tasks });
    const call = async (name: string): Promise<string> => {
      await using calling = new CommandRun(project.folder, ['--workdir', 'deep', '-A', 'tasks', 'call', name]);
      await calling.exitCode;
      return calling.out.trim();
    };
    const resultOf = async (id: string): Promise<string> => {
      await using asking = new CommandRun(project.folder, ['--workdir', 'deep', '-A', 'tasks', 'result', id]);
      await asking.exitCode;
      return asking.out.trim();
    };
    await using worker = new CommandRun(project.folder, [
      ...['--workdir', 'deep', '-A', 'tasks', 'worker', '-l', 'info', '-n', 'w1', '-c', '3'],
    ]);
    await worker.says(/ready\./);
    expect(Number(await resultOf(await call('pid')))).toBe(worker.pid);
    const id = await call('patient');
    await worker.says(/it runs/);
    worker.kill('SIGHUP');
    await worker.says(/Restarting ctq worker\n/);
    await worker.says(/worker: Warm shutdown/);
    worker.kill('SIGUSR2');
    await worker.says(said('ready\\.', 2));
    expect(await resultOf(id)).toBe('done');
    const second = Number(await resultOf(await call('pid')));
    expect(second).not.toBe(worker.pid);
    expect(await resultOf(await call('folder'))).toMatch(/\/deep$/);
    expect(worker.out.match(/concurrency: 3 \(async\)/g)).toHaveLength(2);

    worker.kill('SIGHUP');
    await worker.says(said('ready\\.', 3));
    const third = Number(await resultOf(await call('pid')));
    expect(new Set([worker.pid, second, third]).size).toBe(3);
    expect(isAlive(second)).toBe(false);

    // To the process that works, in place of the one that was started.
    process.kill(third, 'SIGHUP');
    await worker.says(said('ready\\.', 4));
    worker.kill('SIGTERM');
    expect(await worker.exitCode).toBe(0);
    expect(isAlive(third)).toBe(false);
  }, 180_000);

  test('then SIGTERM while it still works ends it for good, with 0', async () => {
    using project = new Project({ 'tasks.ts': tasks });
    await using worker = new CommandRun(project.folder, ['-A', 'tasks', 'worker', '-l', 'info']);
    await worker.says(/ready\./);
    await call(project, 'patient');
    await worker.says(/it runs/);
    worker.kill('SIGHUP');
    await worker.says(/Restarting/);
    worker.kill('SIGTERM');
    await worker.says(said('Warm shutdown', 2));
    worker.kill('SIGUSR2');
    expect(await worker.exitCode).toBe(0);
    expect(worker.err.match(/ready\./g)).toHaveLength(1);
  });

  test('a successor ends as its signals say, and with the process that was started', async () => {
    using project = new Project({ 'tasks.ts': tasks });
    await using worker = new CommandRun(project.folder, ['-A', 'tasks', 'worker', '-l', 'info']);
    await worker.says(/ready\./);
    worker.kill('SIGHUP');
    await worker.says(said('ready\\.', 2));
    const heir = Number(await resultOf(project, 'pid'));
    worker.kill('SIGQUIT');
    await worker.says(/Cold shutdown/);
    expect(await worker.exitCode).toBe(1);
    expect(isAlive(heir)).toBe(false);

    await using killed = new CommandRun(project.folder, ['-A', 'tasks', 'worker', '-l', 'info']);
    await killed.says(/ready\./);
    killed.kill('SIGHUP');
    await killed.says(said('ready\\.', 2));
    killed.kill('SIGKILL');
    await killed.says(/Cold shutdown/);
    await killed.exitCode;
  }, 180_000);
});

describe('A soft shutdown', () => {
  const soft = 'worker_soft_shutdown_timeout=60';

  test('is what SIGQUIT begins with; tasks that end meanwhile are done [SD-297, ST-186, WK-088, WK-091]', async () => {
    using project = new Project({ 'tasks.ts': tasks });
    await using worker = new CommandRun(project.folder, ['-A', 'tasks', 'worker', '-l', 'info', soft]);
    await worker.says(/ready\./);
    const id = await call(project, 'patient');
    await worker.says(/it runs/);
    worker.kill('SIGQUIT');
    await worker.says(/WARNING\/MainProcess\] Initiating Soft Shutdown, terminating in 60 seconds/);
    worker.kill('SIGUSR2');
    expect(await worker.exitCode).toBe(1);
    expect((await run(project, ['result', id])).out).toBe('done\n');
  });

  test.each([
    ['SIGQUIT', {}],
    ['SIGTERM', { REMAP_SIGTERM: 'SIGQUIT' }],
  ] as const)(
    '%s again under %j ends the wait: what is not done goes back [WK-089, WK-091, WK-092]',
    async (signal, env) => {
      using project = new Project({ 'tasks.ts': tasks });
      await using worker = new CommandRun(project.folder, ['-A', 'tasks', 'worker', '-l', 'info', soft], { env });
      await worker.says(/ready\./);
      await call(project, 'patient');
      await worker.says(/it runs/);
      worker.kill(signal);
      await worker.says(/Initiating Soft Shutdown/);
      worker.kill(signal);
      await worker.says(/Waiting gracefully for cold shutdown to complete\.\.\./);
      await worker.says(/1 task\(s\) were not done when the worker had to stop/);
      expect(await worker.exitCode).toBe(1);
      expect((await run(project, ['purge', '-f'])).out).toBe('Purged 1 message from 1 known task queue.\n');
    },
  );

  test('a third one ends it there and then [SD-229, WK-090]', async () => {
    using project = new Project({ 'tasks.ts': tasks });
    await using worker = new CommandRun(project.folder, ['-A', 'tasks', 'worker', '-l', 'info', soft]);
    await worker.says(/ready\./);
    await call(project, 'patient');
    await worker.says(/it runs/);
    worker.kill('SIGQUIT');
    await worker.says(/Initiating Soft Shutdown/);
    worker.kill('SIGQUIT');
    await worker.says(/Waiting gracefully/);
    worker.kill('SIGINT');
    expect(await worker.exitCode).toBe(1);
    expect(worker.err).not.toContain('were not done when the worker had to stop');
  });
});

describe('--health-port', () => {
  const free = ['--health-port', '0', '--health-host', '127.0.0.1'];

  test('answers probes while the worker lives, and says no when it leaves', async () => {
    using project = new Project({ 'tasks.ts': tasks });
    await using worker = new CommandRun(project.folder, ['-A', 'tasks', 'worker', '-l', 'info', ...free]);
    await worker.says(/ready\./);
    const [, url = ''] = /Probes are answered at (\S+)\n/.exec(worker.err) ?? [];
    const status = async (path: string): Promise<number> => (await fetch(`${url}${path}`)).status;
    expect([await status('/livez'), await status('/readyz'), await status('/startupz')]).toEqual([200, 200, 200]);
    await call(project, 'patient');
    await worker.says(/it runs/);
    worker.kill('SIGTERM');
    await worker.says(/Warm shutdown/);
    expect([await status('/livez'), await status('/readyz'), await status('/startupz')]).toEqual([200, 503, 200]);
    worker.kill('SIGUSR2');
    expect(await worker.exitCode).toBe(0);
  });

  test('--health-host alone is refused', async () => {
    using project = new Project({ 'tasks.ts': tasks });
    const { code, err } = await run(project, ['worker', '--health-host', '127.0.0.1']);
    expect(code).toBe(2);
    expect(err).toContain('--health-port');
  });
});
