import { describe, expect, test } from 'vitest';
import { CommandRun } from './__fixtures__/command.js';
import { Project } from './__fixtures__/project.js';

/** A project whose app is made with these options, and a run of `ctq worker` in it that ends when its test has seen enough. */
const appWith = (options: string, more = ''): string => `import { Ctq } from '@ctq/core';
import { createLogger } from '@ctq/runtime';
export const app = new Ctq('demo', { broker: 'memory://', backend: 'memory://', ${options} });
export const chat = app.task('chat', { bind: true }, async (ctx) => {
  console.log('printed');
  await null;
  process.stderr.write('to stderr\\n');
  ctx.log.warn('logged');
  return 'done';
});
${more}`;
/** Sends itself a task when it is told to: nobody else reaches a broker in memory. */
const selfSending = `process.once('SIGUSR2', () => void chat.delay());`;

async function sendItself(worker: CommandRun): Promise<void> {
  await worker.says(/ready\./);
  worker.kill('SIGUSR2');
}

async function end(worker: CommandRun): Promise<number | null> {
  worker.kill('SIGTERM');
  return await worker.exitCode;
}

describe('The log of a worker', () => {
  test('has what tasks print, with their names, at the level of the setting [ST-208, ST-209, WK-119, SD-457]', async () => {
    using project = new Project({ 'tasks.ts': appWith(`workerRedirectStdoutsLevel: 'error'`, selfSending) });
    await using worker = new CommandRun(project.folder, ['-A', 'tasks', 'worker', '-l', 'info']);
    await sendItself(worker);
    await worker.says(/logged/);
    expect(worker.err).toMatch(/: ERROR\/MainProcess\] chat\[[\da-f-]{36}\]: printed\n/);
    expect(worker.err).toMatch(/: ERROR\/MainProcess\] chat\[[\da-f-]{36}\]: to stderr\n/);
    expect(await end(worker)).toBe(0);
    expect(worker.out).not.toContain('printed');
  });

  test('leaves printing alone without workerRedirectStdouts [ST-208]', async () => {
    using project = new Project({ 'tasks.ts': appWith('workerRedirectStdouts: false', selfSending) });
    await using worker = new CommandRun(project.folder, ['-A', 'tasks', 'worker', '-l', 'info']);
    await sendItself(worker);
    await worker.says(/logged/);
    expect(await end(worker)).toBe(0);
    expect(worker.out).toContain('printed\n');
    expect(worker.err).toMatch(/^to stderr$/m);
  });

  test('has the formats and colours of its settings, where --no-color does not say otherwise [ST-195, ST-196, ST-212, SD-453, SD-454, SD-455, WK-117]', async () => {
    const options = `workerLogFormat: '%(levelname)s|%(message)s', workerTaskLogFormat: '%(task_name)s|%(message)s', workerLogColor: true`;
    using project = new Project({ 'tasks.ts': appWith(options, selfSending) });
    for (const [args, message] of [
      [[], '\u001b[33mlogged\u001b[0m'],
      [['--no-color'], 'logged'],
    ] as const) {
      await using worker = new CommandRun(project.folder, [...args, '-A', 'tasks', 'worker', '-l', 'info']);
      await sendItself(worker);
      await worker.says(/logged/);
      expect(worker.err).toMatch(/^INFO\|celery@\S+ ready\.$/m);
      expect(worker.err).toContain(`chat|${message}\n`);
      expect(await end(worker)).toBe(0);
    }
  });

  test('in a format that cannot be is an error of the start [ST-196]', async () => {
    using project = new Project({ 'tasks.ts': appWith(`workerLogFormat: '%(mesage)s'`) });
    await using worker = new CommandRun(project.folder, ['-A', 'tasks', 'worker']);
    expect(await worker.exitCode).toBe(1);
    expect(worker.err).toContain("Did you mean '%(message)s'?");
  });

  test.each([
    ['true', false],
    ['false', true],
  ])(
    "with workerHijackRootLogger %s, lines of the worker are the app's own logger's: %s [ST-194, SD-456, WK-120]",
    async (given, isOwn) => {
      const own = `logger: createLogger(({ message }) => process.stdout.write('own: ' + message + '\\n')), workerRedirectStdouts: false`;
      using project = new Project({ 'tasks.ts': appWith(`${own}, workerHijackRootLogger: ${given}`, selfSending) });
      await using worker = new CommandRun(project.folder, ['-A', 'tasks', 'worker', '-l', 'info']);
      await sendItself(worker);
      await worker.says(/succeeded in/);
      expect(await end(worker)).toBe(0);
      expect(/^own: celery@\S+ ready\.$/m.test(worker.out)).toBe(isOwn);
      expect(/^own: logged$/m.test(worker.out)).toBe(isOwn);
      expect(worker.err.includes('logged')).toBe(!isOwn);
    },
  );

  test('names old settings at the start, each with its new name [ST-006]', async () => {
    using project = new Project({
      'tasks.ts': appWith(`CELERY_ACKS_LATE: true, CELERYD_CONCURRENCY: 3, task_track_started: true`),
    });
    await using worker = new CommandRun(project.folder, ['-A', 'tasks', 'worker', '-l', 'info']);
    await worker.says(/ready\./);
    const lines = worker.err.match(/WARNING.*old name.*/g) ?? [];
    expect(lines).toHaveLength(2);
    expect(lines[0]).toContain(
      'The setting CELERY_ACKS_LATE is an old name, which goes on working. Write taskAcksLate',
    );
    expect(lines[1]).toContain('CELERYD_CONCURRENCY');
    expect(lines[1]).toContain('Write workerConcurrency');
    expect(await end(worker)).toBe(0);
  });
});

describe('The configuration of a command', () => {
  const showing = `app.task('unused', () => 1);
process.once('SIGUSR2', () => console.error('seen ' + JSON.stringify(app.conf.table())));`;

  test('of ctq worker: the command line over the constructor over --config over the app, and options over settings [ST-001, ST-009, SD-283, SD-284, CL-007, CL-021]', async () => {
    using project = new Project({
      'tasks.ts': appWith(
        `taskTimeLimit: 1, taskSoftTimeLimit: 1`,
        `app.configFromObject({ resultExpires: 2, taskTrackStarted: true, taskTimeLimit: 2 });\n${showing}`,
      ),
      'settings.ts': `import type { SettingsInput } from '@ctq/core';
export default { result_expires: 3, taskTimeLimit: 3, workerPrefetchMultiplier: 3 } satisfies SettingsInput;`,
    });
    await using worker = new CommandRun(project.folder, [
      ...['--config', 'settings.ts', '-A', 'tasks', 'worker', '-l', 'info', '--soft-time-limit', '4'],
      ...['task.soft_time_limit=5', '.concurrency=6', 'worker.redirect_stdouts=no'],
    ]);
    await worker.says(/ready\./);
    await worker.says(/\.> concurrency: 6 \(async\)/);
    worker.kill('SIGUSR2');
    await worker.says(/seen .*\n/);
    expect(JSON.parse(/seen (.*)\n/.exec(worker.err)?.[1] ?? '')).toEqual({
      brokerUrl: 'memory://',
      resultBackend: 'memory://',
      taskTimeLimit: 1,
      taskSoftTimeLimit: 4,
      resultExpires: 3,
      taskTrackStarted: true,
      workerPrefetchMultiplier: 3,
      workerConcurrency: 6,
      workerRedirectStdouts: false,
    });
    expect(await end(worker)).toBe(0);
  });

  test.each([
    ['worker.concurency=1', "Did you mean 'worker_concurrency'?"],
    ['eight', "'eight' is not a setting"],
  ])('that is %s behind the options of ctq worker is wrong usage, status 2 [ST-009, CL-007]', async (arg, message) => {
    using project = new Project({ 'tasks.ts': appWith('') });
    await using worker = new CommandRun(project.folder, ['-A', 'tasks', 'worker', arg]);
    expect(await worker.exitCode).toBe(2);
    expect(worker.err).toContain(message);
  });

  const config = `export const broker = 'x';`;
  test.each([
    ['--config', ['--config', 'deep/conf.mjs:production'], {}],
    ['CTQ_CONFIG_MODULE', [], { CTQ_CONFIG_MODULE: './deep/conf.mjs:production' }],
  ])('without an app comes from %s [ST-003, ST-236, CL-021, SD-272]', async (_, args, env) => {
    using project = new Project({
      'deep/conf.mjs': `${config}\nexport const production = { brokerUrl: 'memory://conf', taskDefaultQueue: 'main' };`,
      'ctq.config.ts': `export const taskDefaultQueue: string = 'not this';`,
    });
    await using report = new CommandRun(project.folder, [...args, 'report'], { env });
    expect(await report.exitCode).toBe(0);
    expect(report.out).toContain("taskDefaultQueue: 'main'");
    expect(report.out).toContain("brokerUrl: 'memory://conf'");
    expect(report.out).toContain('transport:memory://');
  });

  test.each([
    ['ctq.config.ts', `export const brokerUrl: string = 'memory://conf';`],
    ['ctq.config.json', `{ "broker_url": "memory://conf" }`],
  ])('without an app is that of %s beside it, if there is one [ST-003, SD-272]', async (name, text) => {
    using project = new Project({ [name]: text, 'tasks.ts': appWith('') });
    await using report = new CommandRun(project.folder, ['report']);
    await using other = new CommandRun(project.folder, ['-A', 'tasks', 'report']);
    expect(await report.exitCode).toBe(0);
    expect(report.out).toContain("brokerUrl: 'memory://conf'");
    expect(report.out).toContain('transport:memory://');
    expect(await other.exitCode).toBe(0);
    expect(other.out).not.toContain('memory://conf');
  });

  test('that is named and not there is an error', async () => {
    using project = new Project({});
    await using report = new CommandRun(project.folder, ['--config', 'gone.ts', 'report']);
    expect(await report.exitCode).toBe(1);
    expect(report.err).toContain('gone.ts cannot be used. There is no such module');
  });

  test('is told by ctq report without its secrets [ST-011, ST-013, CL-173, SD-275, SD-279, SD-330]', async () => {
    using project = new Project({
      'tasks.ts': `import { Ctq } from '@ctq/core';
export const app = new Ctq('demo', {
  broker: 'memory://u:hunter2@h/0?password=hunter2',
  backend: 'memory://:hunter2@h',
  brokerReadUrl: ['memory://:hunter2@h', 'memory://:hunter2@i'],
  redisPassword: 'hunter2',
  brokerUseSsl: { key: 'hunter2', passphrase: 'hunter2', servername: 'h' },
  brokerTransportOptions: { sentinelKwargs: { password: 'hunter2' }, nodes: ['redis://:hunter2@h'], headers: [['authorization', 'hunter2']] },
  mongodbBackendSettings: { host: 'mongodb://u:hunter2@h', password: 'hunter2' },
  securityKeyPassword: 'hunter2',
});`,
    });
    await using report = new CommandRun(project.folder, ['-A', 'tasks', 'report']);
    expect(await report.exitCode).toBe(0);
    expect(report.out).toContain("brokerUrl: 'memory://u:**@h/0?password=**'");
    expect(report.out).toContain('redisPassword: ********');
    expect(report.out).toContain("servername: 'h'");
    expect(report.out + report.err).not.toContain('hunter2');
  });
});
