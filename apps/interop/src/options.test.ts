import type { TaskRequest } from '@ctq/core';
import { deferred } from '@ctq/runtime';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inPython, inTypescript, MixedFleet } from './mixed-fleet.js';
import { describeOverBrokers } from './places.js';
import type { WorkflowNode } from './workflows/workflow-node.js';
import { makingPythonMs } from './python/environment.js';

const soon = { timeout: '20s' } as const;

/** What arrived of a call, under Celery's names. */
interface Arrived {
  readonly [name: string]: unknown;
  readonly id: string;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
}

interface Order {
  readonly article: string;
  readonly count: number;
}

/** A Standard Schema, as zod and others make them. */
const orderSchema = {
  '~standard': {
    version: 1 as const,
    vendor: 'interop',
    types: undefined as { readonly input: Order; readonly output: Order } | undefined,
    validate(input: unknown) {
      const { article, count } = input as Partial<Order>;
      if (typeof article !== 'string') return { issues: [{ message: 'has to be text', path: ['article'] }] };
      if (typeof count !== 'number') return { issues: [{ message: 'has to be a number', path: ['count'] }] };
      return { value: { article, count } };
    },
  },
};

describeOverBrokers(
  'Options of calls between the languages',
  { redis: 'interopOptions', amqp: 'interopOptions' },
  (place) => {
    const fleet = new MixedFleet(place, { result_extended: true });
    const { app } = fleet;
    const noted = new Map<string, ReturnType<typeof deferred<{ readonly args: unknown; readonly stamps: unknown }>>>();
    const noteOf = (key: string) => {
      const found = noted.get(key) ?? deferred<{ readonly args: unknown; readonly stamps: unknown }>();
      noted.set(key, found);
      return found;
    };
    app.task('typescript.request', { bind: true, params: ['x', 'y'] }, (ctx, _x?: unknown, _y?: unknown) =>
      shownRequest(ctx.request),
    );
    app.task('typescript.note', { bind: true }, (ctx, ...args: unknown[]) => {
      noteOf(String(args.at(-1))).resolve({ args: args.slice(0, -1), stamps: ctx.request.stamps });
    });
    app.task('typescript.add', (x: number, y: number) => x + y);
    app.task('typescript.pair', { params: ['left', 'right'] }, (left: string, right: string) => `${left} ${right}`);
    app.task(
      'typescript.order',
      { schema: orderSchema, params: ['article'] },
      ({ article, count }) => `${count} ${article}`,
    );
    app.task('typescript.endless', () => new Promise<never>(() => undefined));
    app.task('typescript.sell', () => {
      throw new RangeError('there is no tea');
    });

    beforeAll(() => fleet.start(), makingPythonMs);
    afterAll(() => fleet.stop(), 30_000);

    const toTypescript = (
      task: string,
      args: readonly unknown[],
      options: Readonly<Record<string, unknown>> = {},
      kwargs: Readonly<Record<string, unknown>> = {},
    ): WorkflowNode => ['task', task, args, { queue: 'typescript', ...options }, kwargs];

    /** What a ctq task sees of a call that Python makes. */
    async function seenByTypescript(
      options: Readonly<Record<string, unknown>>,
      args: readonly unknown[] = [],
      kwargs: Readonly<Record<string, unknown>> = {},
    ): Promise<Arrived> {
      const answer = await fleet.client.call(toTypescript('typescript.request', args, options, kwargs));
      if ('error' in answer) throw new Error(`${answer.error}: ${answer.message}`);
      return answer.value as Arrived;
    }

    /** What a Python task sees of a call that ctq makes. */
    async function seenByPython(
      options: Parameters<typeof app.sendTask>[3],
      args: readonly unknown[] = [],
      kwargs: Readonly<Record<string, unknown>> = {},
    ): Promise<Arrived> {
      const result = await app.sendTask('python.request', args, kwargs, { queue: 'python', ...options });
      return (await result.get(soon)) as Arrived;
    }

    test('arguments by position and by name arrive as they were given, under the id that was given [TR-076, TR-080, TR-117, SD-023] {python → ctq: args, kwargs, task id, queue, result} {ctq → python: args, kwargs, task id, queue, result}', async () => {
      const [there, here] = [crypto.randomUUID(), crypto.randomUUID()];
      const given = { args: [1, ['two', null]], kwargs: { y: { z: 3 } } };
      expect(await seenByPython({ taskId: there }, given.args, given.kwargs)).toMatchObject({ id: there, ...given });
      expect(await seenByTypescript({ task_id: here }, [1], given.kwargs)).toMatchObject({
        id: here,
        args: [1],
        kwargs: given.kwargs,
        delivery_info: { exchange: '', routing_key: 'typescript' },
      });
    });

    test('arguments that a ctq task does not take are a TypeError in Python {python → ctq: wrong arguments}', async () => {
      const wrong = [
        toTypescript('typescript.pair', ['a', 'b', 'c']),
        toTypescript('typescript.pair', ['a'], {}, { left: 'b' }),
        toTypescript('typescript.pair', [], {}, { middle: 'b' }),
        toTypescript('typescript.add', [], {}, { x: 1, y: 2 }),
      ];
      for (const call of wrong) {
        expect(await fleet.client.call(call)).toMatchObject({ error: 'TypeError', module: 'builtins' });
      }
      const named = toTypescript('typescript.pair', ['a'], {}, { right: 'b' });
      expect(await fleet.client.call(named)).toEqual({ value: 'a b' });
    });

    test('arguments that a Python task does not take are a TypeError in ctq {ctq → python: wrong arguments}', async () => {
      for (const [args, kwargs] of [
        [[1], {}],
        [[1, 2, 3], {}],
        [[1], { x: 2 }],
        [[], { z: 3 }],
      ] as const) {
        const result = await app.sendTask('python.add', args, kwargs, { queue: 'python' });
        await expect(result.get(soon)).rejects.toBeInstanceOf(TypeError);
      }
    });

    test('a ctq task with a schema takes the keyword arguments of Python, and refuses wrong ones {python → ctq: schema}', async () => {
      const order = (args: readonly unknown[], kwargs: Readonly<Record<string, unknown>>) =>
        fleet.client.call(toTypescript('typescript.order', args, {}, kwargs));
      expect(await order([], { article: 'tea', count: 2 })).toEqual({ value: '2 tea' });
      expect(await order(['tea'], { count: 3 })).toEqual({ value: '3 tea' });
      expect(await order([], { article: 'tea', count: 'two' })).toMatchObject({
        error: 'TypeError',
        message: expect.stringContaining('count'),
      });
    });

    test("headers that are not Celery's arrive as the caller's own [TR-088, TR-282] {python → ctq: headers} {ctq → python: headers}", async () => {
      const headers = { 'x-trace': 'abc', tenant: { id: 7, names: ['é', null] } };
      expect((await seenByTypescript({ headers })).headers).toEqual(headers);
      expect((await seenByPython({ headers })).headers).toMatchObject(headers);
    });

    test('the names and representations that monitors show arrive [TR-089, TR-118] {python → ctq: shadow} {ctq → python: shadow}', async () => {
      const shown = { shadow: 'orders.pretty', argsrepr: '(<hidden>,)', kwargsrepr: '{<none>}' };
      expect(await seenByTypescript(shown, ['secret'])).toMatchObject({ ...shown, args: ['secret'], lang: 'py' });
      const { shadow, argsrepr: argsRepr, kwargsrepr: kwargsRepr } = shown;
      expect(await seenByPython({ shadow, argsRepr, kwargsRepr }, ['secret'])).toMatchObject({ ...shown, lang: 'js' });
    });

    test('a queue for replies arrives, and the id that they carry {python → ctq: reply to} {ctq → python: reply to}', async () => {
      const there = await seenByPython({ replyTo: 'answers' });
      expect(there).toMatchObject({ reply_to: 'answers', correlation_id: there.id });
      const here = await seenByTypescript({ reply_to: 'answers' });
      expect(here).toMatchObject({ reply_to: 'answers' });
    });

    test('a time limit that Python sends ends a ctq task, and arrives in Python as hard and soft seconds [TR-234] {python → ctq: limits, limit reached} {ctq → python: limits}', async () => {
      expect(await fleet.client.call(toTypescript('typescript.endless', [], { time_limit: 0.05 }))).toMatchObject({
        error: 'TimeLimitExceeded',
        module: 'billiard.exceptions',
      });
      expect((await seenByPython({ timeLimit: '1m', softTimeLimit: '30s' })).timelimit).toEqual([60, 30]);
      expect((await seenByTypescript({ time_limit: 60, soft_time_limit: 30 })).timelimit).toEqual([60, 30]);
    });

    test('a task runs at its instant, not before [TR-281] {python → ctq: eta} {ctq → python: eta}', async () => {
      const eta = new Date(Date.now() + 1_000);
      const result = await app.sendTask('python.request', [], {}, { queue: 'python', eta });
      const here = await fleet.client.send(toTypescript('typescript.request', [], { eta: eta.toISOString() }));
      const there = (await result.get(soon)) as Arrived;
      expect(Date.parse(String(there.eta))).toBe(eta.getTime());
      const seen = (await fleet.client.get(here)) as { readonly value: Arrived };
      expect(Date.parse(String(seen.value.eta))).toBe(eta.getTime());
      for (const id of [result.id, here]) {
        const { dateDone } = (await app.asyncResult(id).record()) ?? {};
        expect(Date.parse(dateDone ?? '')).toBeGreaterThanOrEqual(eta.getTime());
      }
    });

    test('a task that expires later, after a time or at an instant, runs [TR-281] {python → ctq: expires} {ctq → python: expires}', async () => {
      const before = Date.now();
      const seen = [
        await seenByPython({ expires: '20s' }),
        await seenByPython({ expires: new Date(before + 20_000) }),
        await seenByTypescript({ expires: 20 }),
        await seenByTypescript({ expires_at: 20 }),
      ];
      for (const { expires } of seen) expect(Date.parse(String(expires))).toBeGreaterThanOrEqual(before + 19_000);
    });

    test('a task that expired is not run, and whoever waits for it is told [TR-151, TR-244, TR-247] {python → ctq: expired} {ctq → python: expired}', async () => {
      const key = crypto.randomUUID();
      const late = await fleet.client.send(toTypescript('typescript.note', [key], { expires: -1 }));
      expect(await fleet.client.get(late)).toMatchObject({ error: 'TaskRevokedError', message: 'expired' });
      expect((await fleet.client.look(late)).state).toBe('REVOKED');
      const theirs = await app.sendTask(
        'python.note',
        [key],
        {},
        { queue: 'python', expires: new Date(Date.now() - 1_000) },
      );
      await expect(theirs.get(soon)).rejects.toMatchObject({ name: 'TaskRevokedError', reason: 'expired' });
      expect(await theirs.state()).toBe('REVOKED');
      // What is sent after them is run, and finds nothing of theirs.
      await (await app.sendTask('python.note', ['later', key], {}, { queue: 'python' })).get(soon);
      expect(await fleet.gates.noted(key)).toMatchObject({ args: ['later'] });
      expect(noted.has(key)).toBe(false);
    });

    test('stamps of a call arrive, and are stored with an extended result [TR-099, TR-129, BK-012] {python → ctq: stamps, extended stamps} {ctq → python: stamps, extended stamps}', async () => {
      const stamps = { tenant: 'blue', trace: ['a', 'b'] };
      const node = toTypescript('typescript.request', []);
      const stampedId = await fleet.client.sendStamped(node, stamps);
      const here = (await fleet.client.get(stampedId)) as { readonly value: Arrived };
      expect([here.value.stamps, [...(here.value.stamped_headers as string[])].sort()]).toEqual([
        stamps,
        ['tenant', 'trace'],
      ]);
      const options = { ...stamps, stamped_headers: ['tenant', 'trace'] };
      expect((await seenByTypescript(options)).stamps).toEqual(stamps);
      const there = await seenByPython({ stamps });
      expect([there.stamps, there.stamped_headers]).toEqual([stamps, ['tenant', 'trace']]);
      // Each side reads what the worker of the other one stored.
      expect(await fleet.client.stampsOf(stampedId)).toEqual(stamps);
      expect((await app.asyncResult(there.id).record())?.extended).toMatchObject({ stamps });
    });

    test('what is linked to a stamped task is stamped by whichever worker sends it [TR-099] {python → ctq: stamps of links} {ctq → python: stamps of links}', async () => {
      const keys = { here: crypto.randomUUID(), there: crypto.randomUUID() };
      // `Signature.stamp` marks what is linked as well: a ctq worker sends it with its stamps.
      const linked = toTypescript('typescript.add', [1, 1], { link: inPython('python.note', keys.here) });
      await fleet.client.sendStamped(linked, { tenant: 'blue' });
      expect(await fleet.gates.noted(keys.here)).toEqual({ args: [2], stamps: { tenant: 'blue' } });
      const note = app
        .signature('typescript.note', [keys.there])
        .set({ queue: 'typescript', stamps: { tenant: 'red' } });
      await app.sendTask('python.add', [2, 2], {}, { queue: 'python', stamps: { tenant: 'red' }, link: note });
      expect(await noteOf(keys.there).promise).toEqual({ args: [4], stamps: { tenant: 'red' } });
    });

    test('callbacks get the value, in the other language [TR-085, TR-121] {python → ctq: link} {ctq → python: link}', async () => {
      const keys = { here: crypto.randomUUID(), there: crypto.randomUUID() };
      const first = toTypescript('typescript.add', [2, 3], { link: inPython('python.note', keys.here) });
      await fleet.client.send(first);
      expect(await fleet.gates.noted(keys.here)).toMatchObject({ args: [5] });
      const link = app.signature('typescript.note', [keys.there]).set({ queue: 'typescript' });
      await app.sendTask('python.add', [20, 22], {}, { queue: 'python', link });
      expect((await noteOf(keys.there).promise).args).toEqual([42]);
    });

    test('the body of a chord that Python sent has its queue and its callbacks when ctq sends it [BK-051]', async () => {
      const key = crypto.randomUUID();
      const members = [toTypescript('typescript.add', [1, 1]), toTypescript('typescript.add', [2, 2])];
      const body: WorkflowNode = [
        'task',
        'python.total',
        [],
        { queue: 'python', link: inTypescript('typescript.note', key) },
      ];
      await fleet.client.send(['chord', members, body]);
      expect((await noteOf(key).promise).args).toEqual([6]);
    });

    test('errbacks in the other language get the id of what failed [TR-085, BK-023] {python → ctq: old errbacks} {ctq → python: old errbacks}', async () => {
      const keys = { here: crypto.randomUUID(), there: crypto.randomUUID() };
      const failing = toTypescript('typescript.sell', [], { link_error: inPython('python.note', keys.here) });
      const id = await fleet.client.send(failing);
      expect(await fleet.gates.noted(keys.here)).toMatchObject({ args: [id] });
      const linkError = app.signature('typescript.note', [keys.there]).set({ queue: 'typescript' });
      const theirs = await app.sendTask('python.fail', [], {}, { queue: 'python', linkError });
      expect((await noteOf(keys.there).promise).args).toEqual([theirs.id]);
    });

    test('an errback of Python that takes the exception gets it from the Python worker, whoever sent the call [TR-085, BK-023] {ctq → python: new errbacks}', async () => {
      const linkError = app.signature('python.on_error').set({ queue: 'python' });
      const theirs = await app.sendTask('python.sell', ['tea', 3], {}, { queue: 'python', linkError });
      expect(await fleet.gates.noted(theirs.id)).toEqual({
        exception: "OutOfStock('tea', 3)",
        traceback: expect.stringContaining('raise OutOfStock(article, left)'),
      });
    });

    test('a call in protocol 1 of Python is executed by ctq, with what is linked to it [TR-285, TR-287, ST-168] {python → ctq: protocol 1}', async () => {
      const key = crypto.randomUUID();
      const options = { countdown: 0.1, link: inTypescript('typescript.note', key) };
      const id = await fleet.client.sendVersion1(toTypescript('typescript.pair', ['a'], options, { right: 'b' }));
      expect(await fleet.client.get(id)).toEqual({ value: 'a b' });
      expect((await noteOf(key).promise).args).toEqual(['a b']);
    });
  },
);

/** The counterpart of `python.request`. */
function shownRequest(request: TaskRequest): Record<string, unknown> {
  const { deliveryInfo: { exchange, routingKey, priority } = {} } = request;
  return {
    id: request.id,
    args: request.args,
    kwargs: request.kwargs,
    headers: request.headers,
    stamps: request.stamps,
    stamped_headers: request.stampedHeaders,
    shadow: request.shadow,
    argsrepr: request.argsRepr,
    kwargsrepr: request.kwargsRepr,
    timelimit: [request.timeLimit, request.softTimeLimit],
    reply_to: request.replyTo,
    retries: request.retries,
    lang: request.lang,
    eta: request.eta,
    expires: request.expires,
    delivery_info: { exchange, routing_key: routingKey, priority },
  };
}
