import { describe, expect, test } from 'vitest';
import { CommandRun } from './__fixtures__/command.js';
import { Project } from './__fixtures__/project.js';

const tasks = `import { Ctq } from '@ctq/core';
export const app = new Ctq('demo');
export const add = app.task('add', (x: number, y: number) => x + y);
`;

const everyCommand = ['worker', 'call', 'result', 'status', 'inspect', 'control', 'purge', 'dlq', 'report'];

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
    for (const name of everyCommand) expect(out).toContain(`  ${name} `);
  });

  test('every command has help [CL-027]', async () => {
    using project = new Project({});
    for (const name of everyCommand) {
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

  test.each([
    ['worker', '-A', 'tasks', 'ctq -A <module> worker <...>'],
    ['call', '--broker', 'memory://', 'ctq --broker <url> call <...>'],
    ['report', '--config', 'settings', 'ctq --config <module> report <...>'],
    ['result', '-q', 'id', 'ctq -q result <...>'],
  ])('explains that global options come first: %s %s %s [CL-001]', async (command, option, value, expected) => {
    using project = new Project({ 'tasks.ts': tasks });
    const { code, err } = await run(project, [command, option, value]);
    expect(code).toBe(2);
    expect(err).toContain(`${expected}\n`);
    expect(err).toContain(`unknown option '${option}'`);
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
    [['--workdir', 'nowhere', 'report'], '--workdir nowhere: ENOENT'],
  ])('refuses %j with status 2 [CL-008, CL-011, CL-012, CL-028]', async (args, expected) => {
    using project = new Project({});
    const { code, err } = await run(project, args);
    expect(code).toBe(2);
    expect(err).toContain(expected);
  });

  test.each([
    ['call', /missing required argument 'name'/],
    ['result', /missing required argument 'task_id'/],
  ])('%s says what is missing [CL-110, CL-119]', async (command, expected) => {
    using project = new Project({ 'tasks.ts': tasks });
    const { code, err } = await run(project, ['-A', 'tasks', command]);
    expect(code).toBe(2);
    expect(err).toMatch(expected);
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

  test('a failed task: status 1, its error, its traceback; a worker says only what is wrong [CL-008, CL-032, CL-121, CL-122]', async () => {
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
    // Quiet: no banner. The level is WARNING.
    expect(worker.out).not.toContain('[config]');
    expect(worker.err).not.toMatch(/: (?:DEBUG|INFO)\/MainProcess\]/);
  });

  test('the first Ctrl-C is warm and ends with 1; the second one is cold, and the task goes back [WK-087, WK-088, WK-097, WK-111]', async () => {
    const never = `${tasks}app.task('celery.own', () => null); app.task('never', () => { console.log('it runs'); return new Promise(() => {}); });`;
    using project = new Project({ 'tasks.ts': never });
    await using worker = new CommandRun(project.folder, ['-A', 'tasks', 'worker', '-l', 'debug']);
    await worker.says(/ready\./);
    await run(project, ['-A', 'tasks', 'call', 'never']);
    await worker.says(/it runs/);
    worker.kill('SIGINT');
    await worker.says(/Hitting Ctrl\+C again will initiate cold shutdown/);
    await worker.says(/Warm shutdown/);
    worker.kill('SIGINT');
    await worker.says(/Hitting Ctrl\+C again will terminate all running tasks!/);
    await worker.says(/worker: Cold shutdown \(MainProcess\)/);
    expect(await worker.exitCode).toBe(1);
    expect(worker.out).toContain('  . celery.own\n');
    expect((await run(project, ['-A', 'tasks', 'purge', '-f'])).out).toBe(
      'Purged 1 message from 1 known task queue.\n',
    );
  });

  const patient = `${tasks}app.task('celery.own', () => null); app.task('patient', () => {
  console.log('it runs');
  return new Promise((resolve) => process.once('SIGUSR2', () => resolve('done')));
});`;

  test('ends with 0 when a control message shuts it down [RC-038]', async () => {
    using project = new Project({
      'tasks.ts': `import { Ctq } from '@ctq/core';
export const app = new Ctq('demo');
app.task('end', () => app.control.broadcast('shutdown'));
`,
    });
    await using worker = new CommandRun(project.folder, ['-A', 'tasks', 'worker', '-l', 'info', '-n', 'w1']);
    await worker.says(/ready\./);
    await using calling = new CommandRun(project.folder, ['-A', 'tasks', 'call', 'end']);
    await calling.exitCode;
    await worker.says(/Got shutdown from remote/);
    expect(await worker.exitCode).toBe(0);
    expect(worker.err).toMatch(/Task end\[.*\] succeeded/);
  });

  test('a repeated SIGTERM is only acknowledged: what runs is awaited, and it ends with 0 [WK-086, WK-097, WK-111]', async () => {
    using project = new Project({ 'tasks.ts': patient });
    await using worker = new CommandRun(project.folder, ['-A', 'tasks', 'worker', '-l', 'info']);
    await worker.says(/ready\./);
    const id = (await run(project, ['-A', 'tasks', 'call', 'patient'])).out.trim();
    await worker.says(/it runs/);
    worker.kill('SIGTERM');
    await worker.says(/Warm shutdown/);
    worker.kill('SIGTERM');
    await worker.says(/Warm shutdown[^]*worker: Warm shutdown \(MainProcess\)/);
    worker.kill('SIGUSR2');
    expect(await worker.exitCode).toBe(0);
    expect(worker.out).not.toContain('Cold shutdown');
    expect(worker.out).toContain('  . patient\n');
    expect(worker.out).not.toContain('celery.own');
    expect((await run(project, ['-A', 'tasks', 'result', id])).out).toBe('done\n');
  });

  test('one Ctrl-C waits for what runs, and ends with 1 [CL-059, WK-087]', async () => {
    using project = new Project({ 'tasks.ts': patient });
    await using worker = new CommandRun(project.folder, ['-A', 'tasks', 'worker', '-l', 'info']);
    await worker.says(/ready\./);
    const id = (await run(project, ['-A', 'tasks', 'call', 'patient'])).out.trim();
    await worker.says(/it runs/);
    worker.kill('SIGINT');
    await worker.says(/Warm shutdown/);
    worker.kill('SIGUSR2');
    expect(await worker.exitCode).toBe(1);
    expect((await run(project, ['-A', 'tasks', 'result', id])).out).toBe('done\n');
  });

  test.each([
    ['SIGQUIT', {}],
    ['SIGTERM', { REMAP_SIGTERM: 'SIGQUIT' }],
  ] as const)(
    '%s is cold at once under %j, and another one ends it there and then [ST-245, WK-088, WK-090, WK-092]',
    async (signal, env) => {
      using project = new Project({ 'tasks.ts': patient });
      await using worker = new CommandRun(project.folder, ['-A', 'tasks', 'worker', '-l', 'info'], { env });
      await worker.says(/ready\./);
      await run(project, ['-A', 'tasks', 'call', 'patient']);
      await worker.says(/it runs/);
      worker.kill(signal);
      await worker.says(/Cold shutdown/);
      worker.kill('SIGINT');
      expect(await worker.exitCode).toBe(1);
      expect(worker.out).not.toContain('Warm shutdown');
      // It did not get as far as giving the task up.
      expect(worker.err).not.toContain('were not done when the worker had to stop');
    },
  );

  test('SIGQUIT gives back what is not done, and ends with 1 [CL-059, WK-088]', async () => {
    using project = new Project({ 'tasks.ts': patient });
    await using worker = new CommandRun(project.folder, ['-A', 'tasks', 'worker', '-l', 'info']);
    await worker.says(/ready\./);
    await run(project, ['-A', 'tasks', 'call', 'patient']);
    await worker.says(/it runs/);
    worker.kill('SIGQUIT');
    await worker.says(/1 task\(s\) were not done when the worker had to stop/);
    expect(await worker.exitCode).toBe(1);
    expect((await run(project, ['-A', 'tasks', 'purge', '-f'])).out).toBe(
      'Purged 1 message from 1 known task queue.\n',
    );
  });

  test.each(['--purge', '--discard'])('%s empties its queues first and says so [CL-043, WK-047]', async (option) => {
    using project = new Project({ 'tasks.ts': tasks });
    for (const queue of ['a', 'a', 'b']) await run(project, ['-A', 'tasks', 'call', 'add', '--queue', queue]);
    await using worker = new CommandRun(project.folder, [
      ...['-A', 'tasks', 'worker', '-l', 'info', '-Q', 'a', option],
    ]);
    await worker.says(/ready\./);
    expect(worker.out).toContain('purge: Erased 2 messages from the queue.');
    worker.kill('SIGTERM');
    expect(await worker.exitCode).toBe(0);
    expect(worker.err).not.toContain('received');
    expect((await run(project, ['-A', 'tasks', 'purge', '-f', '-Q', 'a,b'])).out).toBe(
      'Purged 1 message from 2 known task queues.\n',
    );
  });

  test('ends with 1 and a critical line when the broker is lost and brokerConnectionRetry is off [ST-052, WK-053]', async () => {
    using project = new Project({
      'tasks.ts': `import { Ctq } from '@ctq/core';
import { memoryTransport, TransportConnectionError } from '@ctq/messaging';
const inner = memoryTransport();
const broker = {
  ...inner,
  async connect(context, signal) {
    const connection = await inner.connect(context, signal);
    const error = new TransportConnectionError('The cable was pulled.', { recoverable: true });
    const closed = new Promise((resolve) => process.once('SIGUSR2', () => resolve({ error })));
    return { openChannel: () => connection.openChannel(), close: () => connection.close(), closed };
  },
};
export const app = new Ctq('demo', { broker, backend: 'memory://', brokerConnectionRetry: false });
`,
    });
    await using worker = new CommandRun(project.folder, ['-A', 'tasks', 'worker', '-l', 'info']);
    await worker.says(/ready\./);
    worker.kill('SIGUSR2');
    await worker.says(/CRITICAL\/MainProcess\] The worker cannot go on: .*The cable was pulled\./);
    expect(await worker.exitCode).toBe(1);
  });

  test('ends with 1 when it receives nothing although a message waits, and reconnecting did not help', async () => {
    using project = new Project({
      'tasks.ts': `import { Ctq } from '@ctq/core';
import { memoryTransport } from '@ctq/messaging';
const inner = memoryTransport();
const deaf = (channel) => new Proxy(channel, {
  get(target, key) {
    const subscription = { consumerTag: 'deaf', ended: target.closed, cancel: async () => {} };
    if (key === 'consume') return async () => subscription;
    const value = Reflect.get(target, key, target);
    return typeof value === 'function' ? value.bind(target) : value;
  },
});
const broker = {
  ...inner,
  async connect(context, signal) {
    const connection = await inner.connect(context, signal);
    const openChannel = async () => deaf(await connection.openChannel());
    return { openChannel, close: () => connection.close(), closed: connection.closed };
  },
};
export const app = new Ctq('demo', { broker, backend: 'memory://', workerMaxSilentTime: '200ms' });
await new Ctq('sender', { broker, backend: 'disabled://' }).sendTask('add', [1, 2]);
`,
    });
    await using worker = new CommandRun(project.folder, ['-A', 'tasks', 'worker', '-l', 'info']);
    await worker.says(
      /WARNING\/MainProcess\] Nothing was received for .* although messages wait in 'celery'; consuming anew/,
    );
    await worker.says(/CRITICAL\/MainProcess\] The worker cannot go on: .* over a new connection too\./);
    expect(await worker.exitCode).toBe(1);
  });

  test('-I loads more tasks; --disable-prefetch and the time limits are settings [CL-035, CL-039, CL-040, CL-046]', async () => {
    using project = new Project({
      'tasks.ts': tasks,
      'more.ts': `import { app } from './tasks.ts';
app.task('disabled', () => app.settings.workerDisablePrefetch);
app.task('never', () => new Promise(() => {}));
app.task('soft', { bind: true }, async (ctx) => {
  await new Promise<void>((resolve) => ctx.signal.addEventListener('abort', () => resolve()));
  return (ctx.signal.reason as Error).name;
});`,
    });
    await using worker = new CommandRun(project.folder, [
      ...['-A', 'tasks', 'worker', '-l', 'info', '-I', 'more.ts'],
      ...['--disable-prefetch', '--time-limit', '0.5', '--soft-time-limit', '0.25'],
    ]);
    await worker.says(/ready\./);
    const resultOf = async (task: string) => {
      const id = (await run(project, ['-A', 'tasks', 'call', task])).out.trim();
      return await run(project, ['-A', 'tasks', 'result', id]);
    };
    expect((await resultOf('disabled')).out).toBe('true\n');
    expect((await resultOf('soft')).out).toBe('SoftTimeLimitExceeded\n');
    expect((await resultOf('never')).err).toMatch(/^TimeLimitExceeded: .*500ms/);
    worker.kill('SIGTERM');
    expect(await worker.exitCode).toBe(0);
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

  test('-b and --result-backend win over the app, --workdir over the folder; -X takes queues away from -Q [CL-010, CL-018, CL-019, CL-022, CL-045, WK-046]', async () => {
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

describe('call', () => {
  /** What is sent goes to stderr instead of the broker. */
  const spying = tasks.replace(
    "new Ctq('demo')",
    `new Ctq('demo', {
  broker: 'memory://',
  acceptContent: ['json', 'msgpack'],
  interceptors: [{
    name: 'spy',
    publish: async ({ message, route }) => {
      const { task, eta, expires } = message.headers;
      const body = message.contentType === 'application/json' ? JSON.parse(Buffer.from(message.body).toString()) : null;
      console.error(JSON.stringify({ task, eta, expires, route, body, contentType: message.contentType }));
    },
  }],
})`,
  );

  async function sent(...args: readonly string[]) {
    using project = new Project({ 'tasks.ts': spying });
    const { out, err, code } = await run(project, ['-A', 'tasks', 'call', ...args]);
    expect({ code, out }).toEqual({ code: 0, out: expect.stringMatching(/^[\da-f-]{36}\n$/) });
    return JSON.parse(err) as Readonly<Record<'eta' | 'expires' | 'contentType' | 'task', string>> & {
      readonly body: readonly unknown[] | null;
      readonly route: { readonly exchange: string; readonly routingKey: string };
    };
  }
  const from = (before: number, time: string): number => (Date.parse(time) - before) / 1_000;

  test('sends the task of that name with its arguments, none by default [CL-110, CL-111, CL-112]', async () => {
    const plain = await sent('shop.unknown');
    expect(plain).toMatchObject({ task: 'shop.unknown', route: { exchange: '', routingKey: 'celery' } });
    expect(plain).toMatchObject({ eta: null, expires: null, contentType: 'application/json' });
    expect(plain.body?.slice(0, 2)).toEqual([[], {}]);
    expect((await sent('add', '-a', '[1, "x"]', '-k', '{"y": [2]}')).body?.slice(0, 2)).toEqual([[1, 'x'], { y: [2] }]);
    expect((await sent('add', '--args', '[1]', '--kwargs', '{"y": 2}')).body?.slice(0, 2)).toEqual([[1], { y: 2 }]);
  });

  test('takes times: --eta, --countdown, and --expires in both forms [CL-113, CL-114, CL-115]', async () => {
    const before = Date.now();
    expect(Date.parse((await sent('add', '--eta', '2035-01-02T03:04:05+02:00')).eta)).toBe(
      Date.UTC(2035, 0, 2, 1, 4, 5),
    );
    expect(from(before, (await sent('add', '--countdown', '3600.5')).eta)).toBeGreaterThanOrEqual(3_600.5);
    expect(Date.parse((await sent('add', '--expires', '2035-01-02T03:04:05Z')).expires)).toBe(
      Date.UTC(2035, 0, 2, 3, 4, 5),
    );
    expect(from(before, (await sent('add', '--expires', '90.5')).expires)).toBeGreaterThanOrEqual(90.5);
  });

  test('says how and where it is sent: --serializer, --queue, --exchange and --routing-key [CL-116, CL-117]', async () => {
    expect((await sent('add', '--serializer', 'msgpack')).contentType).toBe('application/x-msgpack');
    expect((await sent('add', '--queue', 'other')).route).toEqual({ exchange: '', routingKey: 'other' });
    expect((await sent('add', '--exchange', 'e', '--routing-key', 'a.b')).route).toEqual({
      exchange: 'e',
      routingKey: 'a.b',
    });
  });

  test('in a format that there is not is one line that says which there are, and status 1 [CL-008]', async () => {
    using project = new Project({ 'tasks.ts': tasks });
    const { code, out, err } = await run(project, ['-A', 'tasks', 'call', 'add', '--serializer', 'xml']);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/^Error: There is no serializer called "xml"\. Available: json, .*\n$/);
  });
});

describe('result', () => {
  const storing = `import { Decimal } from '@ctq/messaging';
${tasks}app.task('data', () => ({ list: [1, null, 'é'], at: { x: true } }));
app.task('text', () => 'two\\nlines');
app.task('when', () => new Date(0));
app.task('price', () => new Decimal('1.50'));
app.task('both', () => [new Decimal('1.50')]);
`;

  test('prints text as it is, data as JSON, dates and decimals as their text, and the rest as Node shows it [CL-122]', async () => {
    using project = new Project({ 'tasks.ts': storing });
    await using worker = new CommandRun(project.folder, ['-A', 'tasks', 'worker', '-l', 'info']);
    await worker.says(/ready\./);
    const resultOf = async (task: string): Promise<string> => {
      const { out: id } = await run(project, ['-A', 'tasks', 'call', task]);
      return (await run(project, ['-A', 'tasks', 'result', id.trim()])).out;
    };
    expect(await resultOf('data')).toBe('{"list":[1,null,"é"],"at":{"x":true}}\n');
    expect(await resultOf('text')).toBe('two\nlines\n');
    expect(await resultOf('when')).toBe('1970-01-01T00:00:00+00:00\n');
    expect(await resultOf('price')).toBe('1.50\n');
    expect(await resultOf('both')).toMatch(/^\[\s*Decimal/);
    worker.kill('SIGTERM');
    expect(await worker.exitCode).toBe(0);
  });

  test('gives up after --timeout; has no traceback of what nobody has stored; needs a backend [CL-121, CL-122]', async () => {
    using project = new Project({ 'tasks.ts': tasks });
    const late = await run(project, ['-A', 'tasks', 'result', 'no-such-id', '--timeout', '0.1']);
    expect(late).toMatchObject({ code: 1, out: '', err: expect.stringMatching(/^ResultTimeoutError: .*0\.1s.*\n$/) });
    expect(await run(project, ['-A', 'tasks', 'result', 'no-such-id', '--traceback'])).toEqual({
      ...{ code: 0, out: 'None\n', err: '' },
    });
    const without = await run(project, ['-A', 'tasks', '--result-backend', 'disabled://', 'result', 'no-such-id']);
    expect(without).toMatchObject({ code: 1, out: '', err: expect.stringMatching(/^NoResultBackendError: .*\n$/) });
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

  test('takes several queues, and those that do not exist count for nothing; -X takes some away, and -f does not ask [CL-123, CL-124, CL-125, CL-127]', async () => {
    using project = new Project({ 'tasks.ts': tasks });
    expect(await run(project, ['-A', 'tasks', 'purge', '-f', '-Q', 'a,b,c', '-X', 'c'])).toMatchObject({
      code: 0,
      out: 'No messages purged from 2 queues.\n',
    });
  });
});

describe('report', () => {
  test('says what a bug report needs, without secrets [CL-173, ST-013]', async () => {
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
    expect(out).toContain('\ntaskAcksLate: false\n');
    expect(out).toContain('\nsecurityKeyPassword: ********\n');
    expect(out).not.toContain('taskTrackStarted');
    expect(out).toContain('tasks:1');
    expect(out).not.toContain('hunter2');
  });
});
