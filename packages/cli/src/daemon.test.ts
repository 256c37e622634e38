import { chmodSync, existsSync, readFileSync, renameSync, statSync, watch } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CommandRun } from './__fixtures__/command.js';
import { Project } from './__fixtures__/project.js';

/** Several commands, one after the other, each a process that loads a TypeScript file. */
const slow = { timeout: 120_000 };

const tasks = `import { Ctq } from '@ctq/core';
export const app = new Ctq('demo');
app.task('who', () => [process.pid, process.getgid(), process.umask()]);
app.task('revoke', (id) => app.revoke(id));
`;
const start = ['-A', 'tasks', 'worker', '-l', 'info', '-n', 'w1@host'];

async function run(project: Project, args: readonly string[]) {
  await using command = new CommandRun(project.folder, args);
  const code = await command.exitCode;
  return { code, out: command.out, err: command.err };
}

/** What a task returns. */
async function resultOf(project: Project, task: string, args: readonly unknown[] = []): Promise<unknown> {
  const { out: id } = await run(project, ['-A', 'tasks', 'call', task, '--args', JSON.stringify(args)]);
  return JSON.parse((await run(project, ['-A', 'tasks', 'result', id.trim()])).out);
}

const read = (project: Project, name: string): string => readFileSync(join(project.folder, name), 'utf8');
const has = (project: Project, name: string): boolean => existsSync(join(project.folder, name));

/** Resolves when it is so, which a change in the project's folder makes it. */
async function until(project: Project, isSo: () => boolean): Promise<void> {
  using changes = watched(project.folder);
  while (!isSo()) await changes.next();
}

function watched(folder: string) {
  let wake: () => void = () => undefined;
  const watcher = watch(folder, () => wake());
  // Whatever happened between the look and the watch.
  const timer = setInterval(() => wake(), 100);
  return {
    next: () => new Promise<void>((resolve) => void (wake = resolve)),
    [Symbol.dispose]() {
      clearInterval(timer);
      watcher.close();
    },
  };
}

describe('--pidfile', () => {
  test(
    'has the process id as long as the worker lives, and keeps a second one away [CL-013, CL-056, ST-226, WK-102, WK-125]',
    slow,
    async () => {
      using project = new Project({ 'tasks.ts': tasks });
      await using worker = new CommandRun(project.folder, [...start, '--pidfile', '%n.pid']);
      await worker.says(/ready\./);
      expect(read(project, 'w1.pid')).toBe(`${worker.pid}\n`);
      expect(statSync(join(project.folder, 'w1.pid')).mode & 0o777).toBe(0o644);
      // By the setting too.
      const second = await run(project, [...start, 'worker.pidfile=%n.pid']);
      expect(second).toMatchObject({
        ...{ code: 73, out: '' },
        err: `ERROR: Pidfile (w1.pid) already exists.\nSeems we're already running? (pid: ${worker.pid})\n`,
      });
      worker.kill('SIGTERM');
      expect(await worker.exitCode).toBe(0);
      expect(has(project, 'w1.pid')).toBe(false);
    },
  );

  test.each([
    ['of a process that is gone', 'Stale pidfile exists - Removing it.'],
    ['without an id', 'Broken pidfile found - Removing it.'],
  ])('%s is in nobody’s way [WK-125]', async (what, said) => {
    using project = new Project({ 'tasks.ts': tasks });
    await using gone = new CommandRun(project.folder, ['--version']);
    await gone.exitCode;
    project.write('w1.pid', what.includes('gone') ? `${gone.pid}\n` : '');
    await using worker = new CommandRun(project.folder, [...start, '--pidfile', 'w1.pid']);
    await worker.says(/ready\./);
    expect(worker.err).toContain(`${said}\n`);
    expect(read(project, 'w1.pid')).toBe(`${worker.pid}\n`);
  });

  test(
    'stays that of the process that was started when the worker restarts, and goes when that ends',
    slow,
    async () => {
      using project = new Project({ 'tasks.ts': tasks });
      await using worker = new CommandRun(project.folder, [...start, '--pidfile', 'w1.pid']);
      await worker.says(/ready\./);
      worker.kill('SIGHUP');
      await worker.says(/ready\.[^]*ready\./);
      const [pid] = (await resultOf(project, 'who')) as [number];
      expect(pid).not.toBe(worker.pid);
      expect(read(project, 'w1.pid')).toBe(`${worker.pid}\n`);
      worker.kill('SIGTERM');
      expect(await worker.exitCode).toBe(0);
      expect(has(project, 'w1.pid')).toBe(false);
    },
  );

  test('that cannot be written is status 73', async () => {
    using project = new Project({ 'tasks.ts': tasks });
    const { code, err } = await run(project, [...start, '--pidfile', 'nowhere/w1.pid']);
    expect({ code, err }).toEqual({
      code: 73,
      err: expect.stringMatching(/^ERROR: Pidfile \(nowhere\/w1\.pid\): ENOENT/),
    });
  });
});

describe('--logfile', () => {
  test.each([
    ['-f', ['-f', 'log/%n.log']],
    ['the setting', ['worker.logfile=log/%n.log', 'worker.log_color=yes']],
  ])(
    'has the lines, without colours, in place of stderr, also after it was rotated: by %s [CL-055, ST-225]',
    slow,
    async (_, args) => {
      using project = new Project({ 'tasks.ts': tasks, 'log/.keep': '' });
      await using worker = new CommandRun(project.folder, [...start, ...args]);
      await worker.says(/concurrency/);
      const first = await resultOf(project, 'who');
      expect(first).toContain(worker.pid);
      renameSync(join(project.folder, 'log/w1.log'), join(project.folder, 'log/w1.log.1'));
      await resultOf(project, 'who');
      worker.kill('SIGTERM');
      expect(await worker.exitCode).toBe(0);
      const [older, newer] = [read(project, 'log/w1.log.1'), read(project, 'log/w1.log')];
      expect(older).toMatch(/INFO\/MainProcess\] w1@host ready\.\n/);
      expect(older.match(/Task who\[\S+\] received\n/g)).toHaveLength(1);
      expect(newer.match(/Task who\[\S+\] received\n/g)).toHaveLength(1);
      expect(older + newer).not.toContain('\u001b');
      expect(worker.err).toBe('');
    },
  );

  test('that cannot be opened is status 2', async () => {
    using project = new Project({ 'tasks.ts': tasks });
    const { code, err } = await run(project, [...start, '-f', 'nowhere/w1.log']);
    expect({ code, err }).toEqual({
      code: 2,
      err: expect.stringMatching(/^The log file nowhere\/w1\.log cannot be opened: ENOENT/),
    });
  });
});

describe('--detach', () => {
  test(
    'leaves a worker in the background, with its files, in the same folder [CL-016, CL-030, CL-058, ST-228, WK-130]',
    slow,
    async () => {
      using project = new Project({
        'deep/tasks.ts': tasks,
        'node.sh': `#!/bin/sh\nCTQ_BY=own exec ${process.execPath} "$@"\n`,
      });
      chmodSync(join(project.folder, 'node.sh'), 0o755);
      const detached = [
        '--detach',
        '--executable',
        join(project.folder, 'node.sh'),
        '--pidfile',
        'w1.pid',
        '-f',
        'w1.log',
      ];
      const started = await run(project, ['--workdir', 'deep', ...start, ...detached]);
      expect(started).toEqual({ code: 0, out: '', err: '' });
      const inFolder = { folder: join(project.folder, 'deep') } as Project;
      const [pid] = (await resultOf(inFolder, 'who')) as [number];
      try {
        expect(read(project, 'deep/w1.pid')).toBe(`${pid}\n`);
        expect(readFileSync(`/proc/${pid}/environ`, 'utf8')).toContain('CTQ_BY=own');
        // A session of its own: the terminal's end is not its end.
        const [, session] = /\) \S \d+ \d+ (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
        expect(Number(session)).toBe(pid);
        expect((await run(project, ['--workdir', 'deep', ...start, ...detached])).code).toBe(73);
      } finally {
        process.kill(pid, 'SIGTERM');
      }
      await until(inFolder, () => !has(project, 'deep/w1.pid'));
      expect(read(project, 'deep/w1.log')).toMatch(/w1@host ready\.\n/);
    },
  );

  test('does not leave anything where the files cannot be had: that is told before [WK-130]', async () => {
    using project = new Project({ 'tasks.ts': tasks });
    const { code, err } = await run(project, [...start, '-D', '-f', 'nowhere/w1.log', '--pidfile', 'w1.pid']);
    expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining('nowhere/w1.log') });
    expect(has(project, 'w1.pid')).toBe(false);
  });
});

const isRoot = process.getuid?.() === 0;

describe.runIf(isRoot)('As root', () => {
  const privileges = new URL('../dist/process/privileges.js', import.meta.url).href;

  test.each([
    ['a user', { uid: 'nobody' }, 'nobody'],
    ['a user by number', { uid: '65534' }, 'nobody'],
    ['a user in another group', { uid: 'nobody', gid: '1' }, 'nobody'],
    ['a number without an account', { uid: '54321', gid: '54321' }, undefined],
  ])('--uid makes a program %s, with his groups, for good [WK-128]', async (_, given, account) => {
    using project = new Project({
      'program.mjs': `import { execFileSync } from 'node:child_process';
import { dropPrivileges } from '${privileges}';
const account = ${JSON.stringify(account ?? '')};
const ids = account === '' ? ['54321', '54321', '54321'] : ['-u', '-g', '-G'].map((what) => execFileSync('id', [what, account]).toString().trim());
dropPrivileges(${JSON.stringify(given)});
const groups = new Set([process.getgid(), ...process.getgroups()]);
let again = 'no';
try { process.setuid(0); again = 'yes'; } catch {}
console.log(JSON.stringify([ids, process.getuid(), process.geteuid(), process.getgid(), [...groups], again]));`,
    });
    await using program = new CommandRun(project.folder, [], { script: join(project.folder, 'program.mjs') });
    expect([await program.exitCode, program.err]).toEqual([0, '']);
    const [ids, uid, euid, gid, groups, again] = JSON.parse(program.out) as [
      string[],
      number,
      number,
      number,
      number[],
      string,
    ];
    const chosen = 'gid' in given ? Number(given.gid) : Number(ids[1]);
    const own = (ids[2] ?? '').split(' ').map(Number);
    expect([uid, euid, gid, again]).toEqual([Number(ids[0]), Number(ids[0]), chosen, 'no']);
    expect(groups.every((group) => group === chosen || own.includes(group))).toBe(true);
    expect(groups).not.toContain(0);
  });

  test.each([
    ['options', ['--gid', '65534', '--umask', '027']],
    ['settings', ['worker.gid=65534', 'worker.umask=027']],
  ])('--gid and --umask hold for the worker, by %s [CL-057, ST-227, WK-128, WK-129]', slow, async (_, args) => {
    using project = new Project({ 'tasks.ts': tasks });
    await using worker = new CommandRun(project.folder, [...start, ...args]);
    await worker.says(/ready\./);
    expect(await resultOf(project, 'who')).toEqual([worker.pid, 65_534, 0o27]);
    worker.kill('SIGTERM');
    expect(await worker.exitCode).toBe(0);
  });

  test.each([
    [['--uid', 'no-such-user'], 'no-such-user'],
    [['--gid', 'no-such-group'], 'no-such-group'],
    [['--uid', '54321'], '--uid 54321 has no account here'],
    [['--umask', '8'], '--umask 8 is not octal'],
  ])('%j is refused [CL-057, WK-129]', async (args, said) => {
    using project = new Project({ 'tasks.ts': tasks });
    const { code, err } = await run(project, [...start, ...args]);
    expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining(said) });
  });
});

describe('Other options of a worker', () => {
  test('-S keeps what was revoked, in a file by its name [CL-031]', slow, async () => {
    using project = new Project({ 'tasks.ts': tasks });
    await using worker = new CommandRun(project.folder, [...start, '-S', '%n.state']);
    await worker.says(/ready\./);
    await resultOf(project, 'revoke', ['some-call']);
    worker.kill('SIGTERM');
    expect(await worker.exitCode).toBe(0);
    expect(JSON.parse(read(project, 'w1.state'))).toMatchObject({
      revoked: [expect.objectContaining({ id: 'some-call' })],
    });
  });

  test('-O fair: a slot that is busy keeps no task from a free one [CL-033]', slow, async () => {
    using project = new Project({
      'tasks.ts': `${tasks}app.task('stuck', () => new Promise(() => console.log('it runs')));`,
    });
    await using worker = new CommandRun(project.folder, [...start, '-P', 'threads', '-c', '2', '-O', 'fair']);
    await worker.says(/ready\./);
    await run(project, ['-A', 'tasks', 'call', 'stuck']);
    await worker.says(/it runs/);
    expect(await resultOf(project, 'who')).toContain(worker.pid);
  });

  test('-O of anything else is refused [CL-033]', async () => {
    using project = new Project({ 'tasks.ts': tasks });
    const { code, err } = await run(project, [...start, '-O', 'fast']);
    expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining('Allowed choices are default, fair.') });
  });

  test('a worker without a broker waits for one, and shows no password of it [WK-048, WK-106]', async () => {
    using project = new Project({ 'tasks.ts': tasks });
    const broker = ['-b', 'redis://user:hunter2@127.0.0.1:1/0', '--result-backend', 'disabled://'];
    await using worker = new CommandRun(project.folder, [...broker, ...start]);
    await worker.says(/\.> transport: {3}redis:\/\/user:\*\*\*@127\.0\.0\.1:1\/0\n/);
    await worker.says(/(?:Cannot connect to redis:\/\/user:\*\*\*@127\.0\.0\.1:1\/0; trying again[^]*){3}/);
    worker.kill('SIGTERM');
    expect(await worker.exitCode).toBe(0);
    expect(worker.out + worker.err).not.toContain('hunter2');
  });
});
