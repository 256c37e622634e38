import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CommandRun } from './__fixtures__/command.js';
import { Project } from './__fixtures__/project.js';
import type { CommandIo } from './command-context.js';
import { main } from './main.js';

const tasks = `import { Ctq } from '@ctq/core';
export const app = new Ctq('demo');
export const add = app.task('add', (x: number, y: number) => x + y);
app.inspectCommand(
  'describe_yourself',
  { args: { n: 'integer', flag: 'boolean' }, help: 'Say who you are.' },
  (worker, args) => ({ name: worker.name, ...args }),
);
app.inspectCommand('echo', { args: { first: 'text', rest: 'text[]' }, variadic: 'rest' }, (_worker, { first, rest }) => [
  first ?? 'none',
  ...(rest as string[]),
]);
app.inspectCommand('hidden', { visible: false }, () => 'x');
app.controlCommand('refuse', { signature: '<why>', args: { why: 'text' } }, (_worker, { why }) => ({ error: why }));
app.controlCommand('agree', { timeout: 2 }, () => ({ ok: 'agreed' }));
`;

/** Runs the command line here: most of the time of a test would be the start of a process. */
async function run(args: readonly string[], isTerminal = false) {
  let [out, err] = ['', ''];
  const io: CommandIo = {
    out: (text) => (out += text),
    err: (text) => (err += text),
    isOutTerminal: isTerminal,
    isErrTerminal: false,
    environment: {},
    origin: 'started',
    detach: () => Promise.reject(new Error('nothing goes to the background here')),
    succeed: () => undefined,
  };
  const code = await main(args, io);
  return { code, out, err };
}

describe('From the command line', () => {
  const project = new Project({ 'tasks.ts': tasks });
  const broker = `sqlite:///${join(project.folder, 'broker.sqlite')}`;
  let runs = 0;
  /** Each run has a module of its own, as a process would have: an app is configured once. */
  const commandLine = (args: readonly string[]): readonly string[] => {
    runs += 1;
    project.write(`run-${runs}.ts`, tasks);
    return ['-A', join(project.folder, `run-${runs}.ts`), '-b', broker, ...args];
  };
  const ctq = (...args: readonly string[]) => run(commandLine(args));
  const onTerminal = (...args: readonly string[]) => run(commandLine(args), true);
  const one = ['-d', 'w1@host'];
  let worker: CommandRun;
  beforeAll(async () => {
    worker = new CommandRun(project.folder, ['-A', 'tasks', '-b', broker, 'worker', '-l', 'info', '-n', 'w1@host']);
    await worker.says(/w1@host ready\./);
  });
  afterAll(async () => {
    await worker[Symbol.asyncDispose]();
    project[Symbol.dispose]();
  });

  test('workers are asked, and print what they say as they do [CL-079, CL-090]', async () => {
    expect(await ctq('inspect', ...one, 'ping')).toEqual({
      code: 0,
      out: '->  w1@host: OK\n        pong\n\n1 node online.\n',
      err: '',
    });
    const { out } = await ctq('inspect', 'clock', '-d', 'w1@host');
    expect(out).toMatch(/^-> {2}w1@host: OK\n {4}\{\n {8}"clock": \d+\n {4}\}\n\n1 node online\.\n$/);
    expect((await ctq('-q', 'inspect', ...one, 'ping')).out).toBe(' w1@host: OK\n        pong\n');
  });

  test('whoever is there in time is asked, without a destination [CL-078, CL-106]', async () => {
    const { code, out } = await ctq('status', '-t', '0.4');
    expect({ code, out }).toEqual({ code: 0, out: '->  w1@host: OK\n\n1 node online.\n' });
  });

  test('a program may have commands of its own, which take what they name [CL-091, RC-043]', async () => {
    const { out } = await ctq('inspect', ...one, 'describe_yourself', '5', 'yes');
    expect(out).toContain('    {\n        "flag": true,\n        "n": 5,\n        "name": "w1@host"\n    }\n');
    expect((await ctq('inspect', ...one, 'echo', 'a', 'b', 'c')).out).toContain('    * a\n    * b\n    * c\n');
    expect((await ctq('inspect', ...one, 'echo')).out).toContain('    * none\n');
    expect(await ctq('inspect', ...one, 'describe_yourself', '5', 'yes', 'more')).toEqual({
      code: 2,
      out: '',
      err: "Command 'describe_yourself' takes arguments: [n] [flag]\n",
    });
    expect((await ctq('inspect', ...one, 'describe_yourself', 'five')).err).toMatch(
      /n is "five" and has to be: integer/,
    );
  });

  test('workers are told what to do, and say what they could not [CL-092, CL-103, CL-105]', async () => {
    expect(await ctq('control', ...one, 'agree')).toMatchObject({ code: 0, out: '->  w1@host: OK\n        agreed\n' });
    expect(await ctq('control', ...one, 'refuse', 'no time')).toMatchObject({
      code: 0,
      out: '->  w1@host: ERROR\n        no time\n',
    });
  });

  test('an election is listed, and has to be told what it is about [CL-097]', async () => {
    expect((await ctq('control', '--list')).out).toMatch(/^ {2}election .*Hold election/m);
    expect(await ctq('control', ...one, 'election')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^->  w1@host: ERROR\n +.*An election has an id and a topic/),
    });
  });

  test('there is JSON, and nothing but JSON [CL-080, CL-092]', async () => {
    expect((await ctq('inspect', ...one, '--json', 'ping')).out).toBe('{"w1@host":{"ok":"pong"}}\n');
    expect((await ctq('control', ...one, '-j', 'agree')).out).toBe('[{"w1@host":{"ok":"agreed"}}]\n');
    expect((await ctq('status', ...one, '-j')).out).toBe('{"w1@host":{"ok":"pong"}}\n');
  });

  test('nobody is there: status 69 [CL-089, CL-104, CL-107, CL-109]', async () => {
    const away = ['-t', '0.1', '-d', 'w2@host,w3@host'];
    const nobody = { code: 69, out: '', err: 'Error: No nodes replied within time constraint\n' };
    expect(await ctq('inspect', ...away, 'ping')).toEqual(nobody);
    expect(await ctq('control', ...away, 'agree')).toEqual(nobody);
    expect(await ctq('status', ...away)).toEqual(nobody);
  });

  test('a broker that is away is told of in one message, with status 69', async () => {
    const { code, err } = await run(['-b', 'sqlite:////dev/null/ctq.sqlite', 'status']);
    expect(code).toBe(69);
    expect(err).toMatch(/^Could not connect to the message broker\..*\nReason: .*\n$/);
  });

  test('what there is to ask and to tell is listed; what is hidden is not [CL-081, CL-092]', async () => {
    const { code, out } = await ctq('inspect', '--list');
    expect(code).toBe(0);
    expect(out).toMatch(/^Inspect Commands:\n/);
    expect(out).toMatch(/^ {2}describe_yourself \[n\] \[flag\] +Say who you are\.$/m);
    expect(out).toMatch(/^ {2}echo \[first\] \[rest \.\.\.\]$/m);
    expect(out).toMatch(/^ {2}ping +Ping worker\(s\)\.$/m);
    expect(out).not.toContain('hidden');
    expect(out).not.toContain('agree');
    expect((await ctq('control', '--list')).out).toMatch(/^Control Commands:\n(?:.*\n)* {2}refuse <why>\n/);
  });

  test('what nobody knows is an error that names what is near [CL-088]', async () => {
    const { code, err } = await ctq('inspect', 'pnig');
    expect(code).toBe(2);
    expect(err).toMatch(
      /^Command pnig not recognized\. Did you mean ping\? Available inspect commands: .*echo, .*ping/,
    );
    expect(err).not.toContain('agree');
    expect(await ctq('control', 'ping')).toMatchObject({
      code: 2,
      err: expect.stringMatching(/^Command ping not rec/),
    });
    expect(await ctq('control')).toMatchObject({ code: 2, err: expect.stringMatching(/^Which command\? Available/) });
    expect(await ctq('status', '-t', 'soon')).toMatchObject({ code: 2 });
  });

  test('there are colours on a terminal', async () => {
    const { out } = await onTerminal('status', ...one);
    expect(out).toContain('\u001b[32mOK');
    expect(out).toContain('\u001b[36mw1@host: ');
  });
});
