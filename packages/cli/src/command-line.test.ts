import { describe, expect, test } from 'vitest';
import { CommandRun } from './__fixtures__/command.js';
import { Project } from './__fixtures__/project.js';

const tasks = `import { Ctq } from '@ctq/core';
export const app = new Ctq('demo');
export const add = app.task('add', (x: number, y: number) => x + y);
`;

/** Runs to the end and returns everything. */
async function run(
  project: Project,
  args: readonly string[],
  options: ConstructorParameters<typeof CommandRun>[2] = {},
) {
  await using command = new CommandRun(project.folder, args, options);
  const code = await command.exitCode;
  return { code, out: command.out, err: command.err };
}

describe('The command line', () => {
  test('without a sub-command shows help [CL-003]', async () => {
    using project = new Project({});
    const { code, out } = await run(project, []);
    expect(code).toBe(0);
    expect(out).toContain('Usage: ctq [options] [command]');
    for (const name of ['worker', 'call', 'result', 'purge', 'report']) expect(out).toContain(`  ${name} `);
  });

  test('every command has help [CL-027]', async () => {
    using project = new Project({});
    for (const name of ['worker', 'call', 'result', 'purge', 'report']) {
      const { code, out } = await run(project, [name, '--help']);
      expect(code).toBe(0);
      expect(out).toContain(`Usage: ctq ${name}`);
    }
  });

  test('prints its version [CL-025]', async () => {
    using project = new Project({});
    expect(await run(project, ['--version'])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^\d+\.\d+\.\d+ \(ctq\)\n$/),
    });
  });

  test('suggests the sub-command that was meant [CL-002]', async () => {
    using project = new Project({});
    const { code, err } = await run(project, ['wrker']);
    expect(code).toBe(2);
    expect(err).toContain('Did you mean worker?');
  });

  test('explains that global options come first [CL-001]', async () => {
    using project = new Project({ 'tasks.ts': tasks });
    const { code, err } = await run(project, ['worker', '-A', 'tasks']);
    expect(code).toBe(2);
    expect(err).toContain('ctq -A <module> worker <...>');
    expect(err).toContain("unknown option '-A'");
  });

  test.each([
    [['call', 'add', '--args', '{}'], 'was not an array'],
    [['call', 'add', '--kwargs', '[]'], 'was not an object'],
    [['call', 'add', '--args', '[1'], 'is not JSON'],
    [['call', 'add', '--eta', 'tomorrow'], 'is not an ISO 8601 time'],
    [['worker', '-l', 'loud'], 'is not one of DEBUG'],
    [['worker', '-c', '0'], 'is not a whole number from 1'],
    [['worker'], 'ctq -A ./tasks worker'],
    [['-A', 'nothing', 'worker'], 'The module nothing was not found'],
  ])('refuses %j with status 2 [CL-011, CL-012, CL-028]', async (args, expected) => {
    using project = new Project({});
    const { code, err } = await run(project, args);
    expect(code).toBe(2);
    expect(err).toContain(expected);
  });

  test('ends with 69 when there is no broker [CL-008, CL-009]', async () => {
    using project = new Project({ 'tasks.ts': tasks });
    const { code, err } = await run(project, ['-A', 'tasks', '-b', 'sqlite:////dev/null/ctq.sqlite', 'call', 'add']);
    expect(code).toBe(69);
    expect(err).toContain('Could not connect to the message broker.');
  });
});

describe('A worker from the command line', () => {
  test('runs what `call` sends, `result` prints it; SIGTERM ends it with 0 [CL-059, CL-118, CL-122, WK-086, WK-097]', async () => {
    using project = new Project({ 'tasks.ts': tasks });
    await using worker = new CommandRun(project.folder, [
      '-A',
      './tasks.ts',
      'worker',
      '-l',
      'info',
      '-n',
      'w1@%h',
      '-c',
      '3',
    ]);
    await worker.says(/: INFO\/MainProcess\] w1@\S+ ready\./);
    const called = await run(project, ['-A', 'tasks', 'call', 'add', '--args', '[2, 3]']);
    const id = called.out.trim();
    expect(called).toMatchObject({ code: 0, out: expect.stringMatching(/^[\da-f-]{36}\n$/), err: '' });
    expect(await run(project, ['-A', 'tasks', 'result', id])).toEqual({ code: 0, out: '5\n', err: '' });
    await worker.says(new RegExp(`Task add\\[${id}\\] received\\n`));
    await worker.says(new RegExp(`Task add\\[${id}\\] succeeded in [\\d.e-]+s: 5\\n`));
    worker.kill('SIGTERM');
    expect(await worker.exitCode).toBe(0);
    expect(worker.out).toContain('worker: Warm shutdown (MainProcess)');
    // Banner on stdout, log on stderr.
    expect(worker.out).toContain('.> concurrency: 3 (async)');
    expect(worker.out).toContain('  . add');
    expect(worker.out).not.toContain('INFO/MainProcess');
    expect(worker.err).not.toContain('.> concurrency');
    expect(worker.out + worker.err).not.toContain('\u001b');
  });

  test('a failed task: status 1, its error, its traceback [CL-121, CL-122]', async () => {
    using project = new Project({ 'tasks.ts': `${tasks}app.task('boom', () => { throw new Error('too far'); });` });
    await using worker = new CommandRun(project.folder, ['-A', 'tasks', '-q', 'worker']);
    const id = (await run(project, ['-A', 'tasks', 'call', 'boom'])).out.trim();
    expect(await run(project, ['-A', 'tasks', 'result', id])).toMatchObject({ code: 1, err: 'Error: too far\n' });
    const { code, out } = await run(project, ['-A', 'tasks', 'result', id, '--traceback']);
    expect(code).toBe(0);
    expect(out).toContain('tasks.ts:4');
    await worker.says(/ERROR\/MainProcess\] Task boom\[.*raised unexpected: Error\('too far'\)/);
    worker.kill('SIGTERM');
    expect(await worker.exitCode).toBe(0);
    // Quiet: no banner.
    expect(worker.out).not.toContain('[config]');
  });

  test('the first Ctrl-C is warm and ends with 1; the second one is cold, and the task goes back [WK-087, WK-088]', async () => {
    const never = `${tasks}app.task('never', () => { console.log('it runs'); return new Promise(() => {}); });`;
    using project = new Project({ 'tasks.ts': never });
    await using worker = new CommandRun(project.folder, ['-A', 'tasks', 'worker', '-l', 'debug']);
    await worker.says(/ready\./);
    await run(project, ['-A', 'tasks', 'call', 'never']);
    await worker.says(/it runs/);
    worker.kill('SIGINT');
    await worker.says(/Hitting Ctrl\+C again will initiate cold shutdown/);
    await worker.says(/Warm shutdown/);
    worker.kill('SIGINT');
    await worker.says(/Cold shutdown/);
    expect(await worker.exitCode).toBe(1);
    expect((await run(project, ['-A', 'tasks', 'purge', '-f'])).out).toBe(
      'Purged 1 message from 1 known task queue.\n',
    );
  });

  test('a module that throws ends it with status 2 and its own stack', async () => {
    using project = new Project({ 'tasks.ts': `throw new Error('no database');` });
    const { code, err } = await run(project, ['-A', 'tasks', 'worker']);
    expect(code).toBe(2);
    expect(err).toContain('no database');
    expect(err).toContain('tasks.ts:1');
  });

  test('options come from the environment too [CL-004]', async () => {
    using project = new Project({ 'tasks.ts': tasks });
    const env = {
      CTQ_APP: 'tasks',
      CTQ_LOG_LEVEL: 'info',
      CTQ_WORKER_CONCURRENCY: '7',
      CTQ_BROKER_URL: 'memory://',
      CTQ_RESULT_BACKEND: 'memory://',
    };
    await using worker = new CommandRun(project.folder, ['worker', '-P', 'async'], { env });
    await worker.says(/ready\./);
    expect(worker.out).toContain('.> transport:   memory://');
    expect(worker.out).toContain('.> concurrency: 7 (async)');
    worker.kill('SIGTERM');
    expect(await worker.exitCode).toBe(0);
  });

  test('-b and --result-backend win over the app, --workdir over the folder [CL-018, CL-019, CL-022]', async () => {
    using project = new Project({ 'deep/tasks.ts': tasks });
    await using worker = new CommandRun(project.folder, [
      ...['--workdir', 'deep', '-A', 'tasks', '-b', 'memory://one', '--result-backend', 'disabled://'],
      ...['worker', '-l', 'info', '-P', 'solo', '-Q', 'a,b', '-X', 'b'],
    ]);
    await worker.says(/ready\./);
    expect(worker.out).toContain('.> results:     disabled://');
    expect(worker.out).toContain('.> concurrency: 1 (solo)');
    expect(worker.out).toContain('.> a ');
    expect(worker.out).not.toContain('.> b ');
    worker.kill('SIGTERM');
    expect(await worker.exitCode).toBe(0);
  });
});

describe('purge', () => {
  test('asks first, and does nothing unless told yes [CL-126]', async () => {
    using project = new Project({ 'tasks.ts': tasks });
    await run(project, ['-A', 'tasks', 'call', 'add', '--countdown', '3600']);
    const refused = await run(project, ['-A', 'tasks', 'purge'], { input: 'n\n' });
    expect(refused.code).toBe(1);
    expect(refused.out).toContain('This will remove all tasks from queue: celery.');
    expect(refused.err).toContain('Aborted!');
    const agreed = await run(project, ['-A', 'tasks', 'purge'], { input: 'y\n' });
    expect(agreed.code).toBe(0);
    expect(agreed.out).toContain('Purged 1 message from 1 known task queue.');
  });

  test('takes several queues, and those that do not exist count for nothing [CL-124, CL-127]', async () => {
    using project = new Project({ 'tasks.ts': tasks });
    expect(await run(project, ['-A', 'tasks', 'purge', '-f', '-Q', 'a,b,c', '-X', 'c'])).toMatchObject({
      code: 0,
      out: 'No messages purged from 2 queues.\n',
    });
  });
});

describe('report', () => {
  test('says what a bug report needs, without secrets [CL-173]', async () => {
    using project = new Project({
      'tasks.ts': tasks.replace(
        "new Ctq('demo')",
        "new Ctq('demo', { taskAcksLate: false, securityKeyPassword: 'hunter2' })",
      ),
    });
    const { code, out } = await run(project, ['-A', 'tasks', 'report']);
    expect(code).toBe(0);
    expect(out).toMatch(/software -> ctq:\d/);
    expect(out).toContain('results:sqlite://');
    expect(out).toContain('taskAcksLate: false');
    expect(out).toContain('tasks:1');
    expect(out).not.toContain('hunter2');
  });
});
