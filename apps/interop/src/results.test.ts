import { redisBackend } from '@ctq/backend-redis';
import { type AnyResult, chain, Ctq, group, MaxRetriesExceededError, RemoteError } from '@ctq/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually, inPython, inTypescript, MixedFleet } from './mixed-fleet.js';
import { describeOverBrokers } from './places.js';
import type { PythonResult } from './python/celery-client.js';
import type { WorkflowNode } from './workflows/workflow-node.js';
import { makingPythonMs } from './python/environment.js';

const soon = { timeout: '20s' } as const;

class OutOfStock extends Error {
  override readonly name = 'OutOfStock';
}

const names = { redis: 'interopResults', amqp: 'interopResults' } as const;

describeOverBrokers('What became of a task of the other language', names, (place) => {
  const fleet = new MixedFleet(place, { result_extended: true });
  const { app } = fleet;
  const noted: unknown[] = [];
  const add = app.task('typescript.add', (x: number, y: number) => x + y);
  const note = app.task('typescript.note', (value: unknown) => void noted.push(value));
  app.task('typescript.echo', (value: unknown) => value);
  app.task('typescript.sell', (article: string) => {
    throw new OutOfStock(`there is no ${article}`);
  });
  app.task('typescript.range', () => {
    throw new RangeError('too much');
  });
  app.task('typescript.caused', () => {
    throw new TypeError('outer', { cause: new RangeError('inner', { cause: new OutOfStock('innermost') }) });
  });
  app.task('typescript.several', () => {
    throw new AggregateError([new RangeError('one'), new TypeError('two')], 'several');
  });
  app.task('typescript.spawn', async (x: number) => {
    await add.applyAsync([x, 1], { queue: 'typescript' });
    await group([add.s(x, 2).set({ queue: 'typescript' }), add.s(x, 3).set({ queue: 'typescript' })]).delay();
    return x;
  });
  app.task('typescript.plain', () => {
    throw new Error('something');
  });
  app.task('typescript.unencodable', () => ({ when: () => 'never' }));
  app.task('typescript.endless', { timeLimit: '50ms' }, () => new Promise<never>(() => undefined));
  app.task('typescript.hopeless', { bind: true, maxRetries: 0 }, (ctx) => ctx.retry());
  app.task('typescript.gated', { bind: true, trackStarted: true }, async (ctx, gate: string) => {
    await fleet.gates.waitFor(gate);
    await ctx.updateState('PROGRESS', { done: 1, of: 2 });
    await fleet.gates.waitFor(gate);
    return 'through';
  });
  app.task('typescript.flaky', { bind: true, maxRetries: 1 }, async (ctx, gate: string) => {
    if (ctx.request.retries === 0) ctx.retry({ error: new RangeError('not yet'), countdown: '100ms' });
    await fleet.gates.waitFor(gate);
    return ctx.request.retries;
  });

  beforeAll(() => fleet.start(), makingPythonMs);
  afterAll(() => fleet.stop(), 30_000);

  /** Sends a task by the Python client, and resolves with its id and what it ended with. */
  async function ended(node: WorkflowNode): Promise<{ readonly answer: unknown; readonly stored: PythonResult }> {
    const id = await fleet.client.send(node);
    const answer = await fleet.client.get(id);
    return { answer, stored: await fleet.client.look(id) };
  }

  test("a Python client is raised an exception of the class's name, with the message and the stack [TR-159, TR-160, TR-175] {python → ctq: own errors, traceback}", async () => {
    const { answer, stored } = await ended(inTypescript('typescript.sell', 'tea'));
    expect(answer).toEqual({
      error: 'OutOfStock',
      // Celery makes up a class in this module for those that it does not find: whoever wants to catch it compares the name.
      module: 'celery.exceptions',
      message: 'there is no tea',
      args: ['there is no tea'],
    });
    expect(stored).toMatchObject({ state: 'FAILURE', info: "OutOfStock('there is no tea')" });
    expect(stored.traceback).toMatch(/^OutOfStock: there is no tea\n +at .*results\.test\.ts/);
  });

  test.each([
    ['typescript.range', 'ValueError', 'builtins', /^too much$/],
    ['typescript.plain', 'Exception', 'builtins', /^something$/],
    ['typescript.caused', 'TypeError', 'builtins', /^outer$/],
    ['typescript.several', 'AggregateError', 'celery.exceptions', /^several$/],
    ['typescript.missing', 'NotRegistered', 'celery.exceptions', /^'typescript\.missing'$/],
    ['typescript.endless', 'TimeLimitExceeded', 'billiard.exceptions', /^TimeLimitExceeded\(0\.05,\)$/],
    ['typescript.hopeless', 'MaxRetriesExceededError', 'celery.exceptions', /typescript\.hopeless\[/],
    ['typescript.unencodable', 'EncodeError', 'kombu.exceptions', /when/],
  ])(
    'a Python client is raised its own exception for what %s ends with: %s [TR-159, TR-160] {python → ctq: built-in errors}',
    async (task, error, module, message) => {
      const { answer, stored } = await ended(inTypescript(task));
      expect(stored.state).toBe('FAILURE');
      expect(answer).toMatchObject({ error, module, message: expect.stringMatching(message) });
    },
  );

  test('a Python client sees where a ctq task stands [TR-047, TR-168, TR-171] {python → ctq: started, custom state}', async () => {
    const gate = crypto.randomUUID();
    const id = await fleet.client.send(inTypescript('typescript.gated', gate));
    const isIn = (state: string) => async () => (await fleet.client.look(id)).state === state;
    await eventually(isIn('STARTED'));
    expect((await fleet.client.look(id)).info).toMatchObject({
      pid: process.pid,
      hostname: expect.stringMatching(/^celery@/),
    });
    await fleet.gates.open(gate);
    await eventually(isIn('PROGRESS'));
    expect((await fleet.client.look(id)).info).toEqual({ done: 1, of: 2 });
    await fleet.gates.open(gate);
    expect(await fleet.client.get(id)).toEqual({ value: 'through' });
  });

  test('a ctq client sees where a Python task stands [TR-047, TR-168, TR-171] {ctq → python: started, custom state}', async () => {
    const gate = crypto.randomUUID();
    const result = await app.sendTask('python.gated', [gate], {}, { queue: 'python' });
    await eventually(async () => (await result.state()) === 'STARTED');
    expect((await result.record())?.result).toMatchObject({ hostname: expect.stringMatching(/^python-.*@interop$/) });
    await fleet.gates.open(gate);
    await eventually(async () => (await result.state()) === 'PROGRESS');
    expect((await result.record())?.result).toEqual({ done: 1, of: 2 });
    await fleet.gates.open(gate);
    expect(await result.get(soon)).toBe('through');
  });

  test('a Python client sees that a ctq task is tried again, and why [TR-142, TR-171] {python → ctq: retry}', async () => {
    const gate = crypto.randomUUID();
    const id = await fleet.client.send(inTypescript('typescript.flaky', gate));
    await eventually(async () => (await fleet.client.look(id)).state === 'RETRY');
    expect(await fleet.client.look(id)).toMatchObject({ info: "ValueError('not yet')", retries: 0 });
    await fleet.gates.open(gate);
    expect(await fleet.client.get(id)).toEqual({ value: 1 });
    expect(await fleet.client.look(id)).toMatchObject({ state: 'SUCCESS', retries: 1 });
  });

  test('a ctq client sees that a Python task is tried again, and why [TR-142, TR-171] {ctq → python: retry}', async () => {
    const gate = crypto.randomUUID();
    const result = await app.sendTask('python.flaky', [gate], {}, { queue: 'python' });
    await eventually(async () => (await result.state()) === 'RETRY');
    expect((await result.record())?.result).toEqual({
      excType: 'ValueError',
      excMessage: ['not yet'],
      excModule: 'builtins',
    });
    await fleet.gates.open(gate);
    expect(await result.get(soon)).toBe(1);
    expect((await result.record())?.extended?.retries).toBe(1);
  });

  test('a ctq client is thrown what a Python task raised, with its arguments and its traceback [TR-159, TR-175] {ctq → python: own errors, traceback}', async () => {
    const result = await app.sendTask('python.sell', ['tea', 3], {}, { queue: 'python' });
    const error = await result.get(soon).catch((thrown: unknown) => thrown);
    if (!RemoteError.isInstance(error)) throw new Error('It is no RemoteError.');
    expect([error.name, error.excModule, error.excMessage, error.message]).toEqual([
      'OutOfStock',
      'tasks',
      ['tea', 3],
      "('tea', 3)",
    ]);
    expect(error.traceback).toMatch(/^Traceback \(most recent call last\):\n[^]*raise OutOfStock\(article, left\)/);
    expect(await result.traceback()).toBe(error.traceback);
  });

  test('a ctq client is thrown what a ctq task threw: its class, with its causes and stacks [TR-159, TR-175]', async () => {
    const thrownBy = async (task: string, args: readonly unknown[] = []): Promise<Error> =>
      (await app.sendTask(task, args)).get(soon).then(
        () => new Error('It did not fail.'),
        (error: unknown) => error as Error,
      );
    const range = await thrownBy('typescript.range');
    expect(range).toBeInstanceOf(RangeError);
    expect(range.stack).toMatch(/^RangeError: too much\n +at .*results\.test\.ts/);
    const outer = await thrownBy('typescript.caused');
    const [inner, innermost] = [outer.cause as Error, (outer.cause as Error).cause as Error];
    expect([outer, inner].map(({ constructor }) => constructor)).toEqual([TypeError, RangeError]);
    expect(RemoteError.isInstance(innermost) && innermost.is('OutOfStock', 'ctq.errors')).toBe(true);
    const several = await thrownBy('typescript.several');
    expect(several instanceof AggregateError && several.errors).toEqual([new RangeError('one'), new TypeError('two')]);
  });

  test('a ctq client that lists the class of an error is thrown an error of that class [TR-160]', async () => {
    await using client = new Ctq('client', {
      backend: redisBackend({ url: fleet.place.backend }),
      errorClasses: [OutOfStock],
    });
    const { id } = await app.sendTask('typescript.sell', ['tea']);
    const error = await client
      .asyncResult(id)
      .get(soon)
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(OutOfStock);
    expect(error).toMatchObject({ message: 'there is no tea' });
  });

  test('a ctq client watches the states of a Python task as they come [TR-168, BK-036] {ctq → python: watch}', async () => {
    const gate = crypto.randomUUID();
    const result = await app.sendTask('python.gated', [gate], {}, { queue: 'python' });
    const seen: unknown[] = [];
    for await (const change of result.watch(soon)) {
      if (change.kind === 'progress' && change.state === 'PROGRESS') seen.push(change.meta);
      else seen.push(change.kind === 'success' ? change.value : change.state);
      if (change.state === 'STARTED' || change.state === 'PROGRESS') await fleet.gates.open(gate);
    }
    expect(seen.filter((one) => one !== 'PENDING')).toEqual(['STARTED', { done: 1, of: 2 }, 'through']);
  });

  test('each side goes through the tree of what a task of the other one sent [CV-148, CV-149] {python → ctq: children} {ctq → python: children}', async () => {
    const theirs = await app.sendTask('python.spawn', [10], {}, { queue: 'python' });
    const values: unknown[] = [];
    for await (const [, value] of theirs.collect(soon)) values.push(value);
    expect(values).toEqual([10, 11, [12, 13], 12, 13]);
    const ours = await fleet.client.send(inTypescript('typescript.spawn', 10));
    expect(await fleet.client.collect(ours)).toEqual([10, 11, [12, 13], 12, 13]);
  });

  test('each side finds the groups that the other one has kept [CV-153, BK-027] {python → ctq: saved group} {ctq → python: saved group}', async () => {
    const theirs = await fleet.client.saveGroup([
      'group',
      [inPython('python.add', 1, 1), inPython('python.add', 2, 2)],
    ]);
    expect(await (await app.restoreGroup(theirs))?.get(soon)).toEqual([2, 4]);
    const there = app.remote<typeof add>('python.add');
    const ours = await group([1, 2, 3].map((n) => there.s(n, n).set({ queue: 'python' }))).delay();
    await ours.save();
    expect(await fleet.client.restoreGroup(ours.id)).toEqual([2, 4, 6]);
  });

  test('a Python client makes the results of a chain out of what a ctq client gave it [CV-145, CV-146] {python → ctq: tuple}', async () => {
    const adding = (...args: number[]) => app.signature('python.add', args).set({ queue: 'python' });
    const sent = await chain(adding(1, 1), adding(2), adding(3)).delay();
    expect(await fleet.client.fromTuple(sent.asTuple())).toEqual([7, 4, 2]);
  });

  test('a ctq client makes the results of a chain out of what a Python client gave it [CV-145, CV-146] {ctq → python: tuple}', async () => {
    const adding = (...args: number[]) => inPython('python.add', ...args);
    const tuple = await fleet.client.sendForTuple(['chain', [adding(1, 1), adding(2), adding(3)]]);
    const values: unknown[] = [];
    for (let result: AnyResult | undefined = app.resultFromTuple(tuple); result !== undefined; result = result.parent) {
      values.push(await result.get(soon));
    }
    expect(values).toEqual([7, 4, 2]);
  });

  test("a ctq client is thrown ctq's own errors where they mean the same [TR-152, TR-153]", async () => {
    const thrownBy = async (task: string): Promise<unknown> =>
      (await app.sendTask(task, [], {}, { queue: 'python' })).get(soon).catch((error: unknown) => error);
    const keyError = await thrownBy('python.fail');
    expect(RemoteError.isInstance(keyError) && [keyError.excType, keyError.excModule, keyError.message]).toEqual([
      'KeyError',
      'builtins',
      "'no such order'",
    ]);
    expect(MaxRetriesExceededError.isInstance(await thrownBy('python.hopeless'))).toBe(true);
  });

  test('a Python client reads the whole record of a ctq task [BK-010, BK-012, TR-172] {python → ctq: extended result}', async () => {
    const call: WorkflowNode = ['task', 'typescript.echo', [[1, 'two']], { queue: 'typescript' }];
    expect((await ended(call)).stored).toEqual({
      state: 'SUCCESS',
      info: [1, 'two'],
      traceback: null,
      name: 'typescript.echo',
      args: [[1, 'two']],
      kwargs: {},
      retries: 0,
      queue: 'typescript',
      is_stored: true,
    });
  });

  test('a ctq client reads the whole record of a Python task [BK-010, BK-012, TR-172] {ctq → python: extended result}', async () => {
    const result = await app.sendTask('python.add', [1], { y: 2 }, { queue: 'python' });
    await result.get(soon);
    expect(await result.record()).toMatchObject({
      taskId: result.id,
      status: 'SUCCESS',
      result: 3,
      traceback: null,
      children: [],
      extended: {
        name: 'python.add',
        args: [1],
        kwargs: { y: 2 },
        worker: expect.stringMatching(/^python-.*@interop$/),
        retries: 0,
        queue: 'python',
      },
    });
  });

  test.each([
    ['ctq', 'Python', 'typescript.range', 'python.gated', /ValueError\('too much'\)|RangeError\('too much'\)/],
    ['Python', 'ctq', 'python.fail', 'typescript.gated', /KeyError\(.*no such order/],
  ])(
    'a chord fails with the error of its member in %s, which one in %s that is last reads [CV-109]',
    async (_first, _last, failing, last, message) => {
      const [gate, failedId, bodyId] = [crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID()];
      const node = (name: string, args: readonly unknown[], options: object): WorkflowNode => [
        ...(['task', name, args, { queue: name.split('.')[0], ...options }] as const),
      ];
      const members = [node(failing, [], { task_id: failedId }), node(last, [gate], {})];
      await fleet.client.send(['chord', members, node('python.echo', [], { task_id: bodyId })]);
      await eventually(async () => (await fleet.client.look(failedId)).state === 'FAILURE');
      await fleet.gates.open(gate);
      await fleet.gates.open(gate);
      expect(await fleet.client.get(bodyId)).toMatchObject({
        error: 'ChordError',
        message: expect.stringMatching(message),
      });
    },
  );

  test('an argument of 1 MB comes back as the result, each way {python → ctq: large arguments} {ctq → python: large arguments}', async () => {
    const large = 'äx'.repeat(350_000);
    expect(Buffer.byteLength(large)).toBeGreaterThan(1_000_000);
    const theirs = await app.sendTask('python.echo', [large], {}, { queue: 'python' });
    expect((await theirs.get(soon)) === large).toBe(true);
    const { value } = (await fleet.client.call(inTypescript('typescript.echo', large))) as { readonly value?: unknown };
    expect(value === large).toBe(true);
  });

  test('nothing is stored for a call whose result is ignored, and what follows it gets its value [TR-091, BK-024] {python → ctq: ignore result} {ctq → python: ignore result}', async () => {
    const [there, here] = [crypto.randomUUID(), crypto.randomUUID()];
    const ignored = { queue: 'typescript', task_id: there, ignore_result: true };
    const steps: readonly WorkflowNode[] = [['task', 'typescript.echo', ['kept'], ignored], inPython('python.echo')];
    expect(await fleet.client.call(['chain', steps])).toEqual({ value: 'kept' });
    expect(await fleet.client.look(there)).toMatchObject({ state: 'PENDING', is_stored: false });
    const first = app.signature('python.echo', ['kept']).set({ queue: 'python', taskId: here, ignoreResult: true });
    const followed = await chain(first, app.signature('typescript.echo').set({ queue: 'typescript' })).delay();
    expect(await followed.get(soon)).toBe('kept');
    expect(await app.asyncResult(here).record()).toBeUndefined();
  });

  test('a ctq client gets the results of a group in Python, or the error of a member', async () => {
    const there = app.remote<typeof add>('python.add');
    const sums = await group([1, 2, 3].map((n) => there.s(n, n).set({ queue: 'python' }))).delay();
    expect(await sums.get(soon)).toEqual([2, 4, 6]);
    expect(await sums.completedCount()).toBe(3);
    const failing = app.signature('python.sell', ['tea', 0]).set({ queue: 'python' });
    const mixed = await group([there.s(1, 1).set({ queue: 'python' }), failing]).delay();
    await expect(mixed.get(soon)).rejects.toMatchObject({ name: 'OutOfStock', excModule: 'tasks' });
  });

  test('what is linked to a task is run in the other language, with the value or the id of what failed [TR-085, BK-023] {python → ctq: link, old errbacks} {ctq → python: link, old errbacks}', async () => {
    const onOurError: WorkflowNode = [
      'task',
      'typescript.sell',
      ['tea'],
      { queue: 'typescript', link_error: inTypescript('typescript.note', 'tea') },
    ];
    const theirs = await app
      .signature('python.sell', ['tea', 0])
      .set({ queue: 'python' })
      .linkError(note.s().set({ queue: 'typescript' }))
      .delay();
    await eventually(async () => noted.includes(theirs.id));
    const failed = await fleet.client.send(onOurError);
    await eventually(async () => noted.includes(failed));
    const linked = add.s(2, 3).link(note.s().set({ queue: 'typescript' }));
    await linked.delay();
    await eventually(async () => noted.includes(5));
    const shown = app.signature('python.add', [20, 22]).set({ queue: 'python' });
    await shown.link(note.s().set({ queue: 'typescript' })).delay();
    await eventually(async () => noted.includes(42));
  });
});
