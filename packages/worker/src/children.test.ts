import { chain, chord, currentTask, Ctq, group } from '@ctq/core';
import { memoryBackend } from '@ctq/core/backend';
import { type Message, memoryTransport, TransportConnectionError } from '@ctq/messaging';
import { describe, expect, test } from 'vitest';
import { WorkerScene } from './__fixtures__/worker-scene.js';

/** What was sent, by task. */
function capture() {
  const sent = new Map<string, Message>();
  return {
    sent,
    headersOf: (task: string) => sent.get(task)?.headers,
    priorityOf: (task: string) => sent.get(task)?.properties.priority,
    interceptors: [
      {
        name: 'capture',
        publish: async (call: { message: Message; task: string }, next: (call: never) => Promise<void>) => {
          sent.set(call.task, call.message);
          await next(call as never);
        },
      },
    ],
  };
}

const tick = () => new Promise<void>((resolve) => void setImmediate(resolve));

describe('currentTask()', () => {
  test('is the task in which it is called, across awaits, for tasks with and without context [TR-026]', async () => {
    await using scene = new WorkerScene();
    const helper = async () => {
      const before = currentTask()?.request.id;
      await tick();
      return [before, currentTask()?.request.id];
    };
    const plain = scene.app.task('plain', () => helper());
    const bound = scene.app.task('bound', { bind: true }, async (ctx) => [...(await helper()), currentTask() === ctx]);
    const quick = scene.app.task('quick', () => currentTask()?.request.id);
    await scene.start();
    const results = await Promise.all([plain.delay(), plain.delay()]);
    for (const result of results) expect(await result.get({ timeout: 10 })).toEqual([result.id, result.id]);
    const withContext = await bound.delay();
    expect(await withContext.get({ timeout: 10 })).toEqual([withContext.id, withContext.id, true]);
    for (let times = 0; times < 3; times += 1) {
      const result = await quick.delay();
      expect(await result.get({ timeout: 10 })).toBe(result.id);
    }
    expect(currentTask()).toBeUndefined();
  });

  test('is the outer task in a function that is called in place, and nothing when that is called outside [TR-026, TR-104]', async () => {
    await using scene = new WorkerScene();
    const inner = scene.app.task('inner', () => currentTask()?.request.task);
    const outer = scene.app.task('outer', () => inner());
    await scene.start();
    expect(await (await outer.delay()).get({ timeout: 10 })).toBe('outer');
    expect(inner()).toBeUndefined();
  });

  test('is the innermost of eager tasks, and the outer one again when that is over', async () => {
    await using app = new Ctq('eager', { taskAlwaysEager: true });
    const inner = app.task('inner', () => currentTask()?.request.task);
    const outer = app.task('outer', async () => {
      const before = currentTask()?.request.task;
      const within = await (await inner.delay()).get({ disableSyncSubtasks: false });
      return [before, within, currentTask()?.request.task];
    });
    for (let times = 0; times < 2; times += 1)
      expect(await (await outer.delay()).get()).toEqual(['outer', 'inner', 'outer']);
  });
});

describe('A call made in a task', () => {
  test('has the root and the task as its parent; a given root wins [TR-108]', async () => {
    const { headersOf, interceptors } = capture();
    await using scene = new WorkerScene({ interceptors });
    scene.app.task('leaf', () => 1);
    const middle = scene.app.task('middle', async () => {
      await tick();
      await scene.app.sendTask('leaf');
    });
    const top = scene.app.task('top', () => middle.delay().then(({ id }) => id));
    await scene.start();
    const { id } = await top.delay();
    const middleId = await scene.app.asyncResult(id).get({ timeout: 10 });
    await scene.app.asyncResult(String(middleId)).get({ timeout: 10 });
    expect(headersOf('top')).toMatchObject({ root_id: id, parent_id: null });
    expect(headersOf('middle')).toMatchObject({ root_id: id, parent_id: id });
    expect(headersOf('leaf')).toMatchObject({ root_id: id, parent_id: middleId });
  });

  test('is a child in the result of the task: tasks, the first of a chain, groups, the header of a chord [TR-043, TR-130, TR-092, CV-083, CV-354]', async () => {
    await using scene = new WorkerScene();
    const add = scene.app.task('add', (x: number, y: number) => x + y);
    const sum = scene.app.task('sum', (numbers: number[]) => numbers.length);
    const ids: Record<string, unknown> = {};
    const parent = scene.app.task('parent', { bind: true }, async (ctx) => {
      const plain = await add.delay(1, 1);
      const chained = await chain(add.s(2, 2), add.s(4)).delay();
      const both = await group([add.s(1, 1), add.s(2, 2)]).delay();
      const joined = await chord([add.s(1, 1), add.s(2, 2)], sum.s()).delay();
      await add.applyAsync([1, 1], { addToParent: false });
      await add.s(1, 1).applyAsync([], { addToParent: false });
      Object.assign(ids, {
        plain: plain.id,
        first: chained.parent?.id,
        both: both.asTuple(),
        header: joined.parent?.asTuple(),
      });
      return ctx.request.children.length;
    });
    await scene.start();
    const result = await parent.delay();
    expect(await result.get({ timeout: 10 })).toBe(4);
    expect((await result.record())?.children).toEqual([
      [[ids.plain, null], null],
      [[ids.first, null], null],
      ids.both,
      ids.header,
    ]);
  });

  test('is no child of a task without trail, and none when it could not be sent [TR-043]', async () => {
    let isDown = false;
    await using scene = new WorkerScene({
      taskPublishRetry: false,
      interceptors: [
        {
          name: 'down',
          publish: async (call, next) => {
            if (isDown) throw new TransportConnectionError('down', { recoverable: true });
            await next(call);
          },
        },
      ],
    });
    const child = scene.app.task('child', () => 1);
    const untrailed = scene.app.task('untrailed', { trail: false }, async () => void (await child.delay()));
    const failing = scene.app.task('failing', async () => {
      isDown = true;
      const [one, two] = await Promise.allSettled([child.delay(), child.s().delay()]);
      isDown = false;
      return [one.status, two.status];
    });
    await scene.start();
    const first = await untrailed.delay();
    await first.get({ timeout: 10 });
    expect((await first.record())?.children).toEqual([]);
    const second = await failing.delay();
    expect(await second.get({ timeout: 10 })).toEqual(['rejected', 'rejected']);
    expect((await second.record())?.children).toEqual([]);
  });

  test('that a synchronous task does not wait for is its child and has it as parent all the same [TR-108]', async () => {
    const { headersOf, interceptors } = capture();
    await using scene = new WorkerScene({ interceptors });
    const child = scene.app.task('child', () => 1);
    const sent: Promise<{ id: string }>[] = [];
    const parent = scene.app.task('parent', () => {
      sent.push(child.delay());
    });
    await scene.start();
    for (let times = 0; times < 3; times += 1) {
      const result = await parent.delay();
      await result.get({ timeout: 10 });
      const { id } = (await sent[times]) ?? { id: '' };
      expect((await result.record())?.children).toEqual([[[id, null], null]]);
      expect(headersOf('child')).toMatchObject({ root_id: result.id, parent_id: result.id });
    }
  });

  test('what follows a task is its child too: links and the next of a chain', async () => {
    await using scene = new WorkerScene();
    const add = scene.app.task('add', (x: number, y: number) => x + y);
    await scene.start();
    const last = await chain(add.s(1, 1).link(add.s(10)), add.s(2)).delay();
    expect(await last.get({ timeout: 10 })).toBe(4);
    const children = (await scene.app.asyncResult(last.parent?.id ?? '').record())?.children;
    expect(children).toHaveLength(2);
    expect(children?.[1]).toEqual([[last.id, null], null]);
  });

  test('of another app in the same process has nothing of the task', async () => {
    const { headersOf, interceptors } = capture();
    await using other = new Ctq('other', { broker: memoryTransport(), backend: memoryBackend(), interceptors });
    await using scene = new WorkerScene();
    const task = scene.app.task('task', async () => void (await other.sendTask('elsewhere')));
    await scene.start();
    const result = await task.delay();
    await result.get({ timeout: 10 });
    expect(headersOf('elsewhere')).toMatchObject({ parent_id: null });
    expect((await result.record())?.children).toEqual([]);
  });

  test.each([true, false])(
    'taskInheritParentPriority %s: has the priority of the task, unless it or its task has one [ST-156, CV-066]',
    async (inherits) => {
      const { priorityOf, interceptors } = capture();
      await using scene = new WorkerScene({ interceptors, taskInheritParentPriority: inherits });
      const names = ['child', 'linked', 'chained', 'body', 'nested'] as const;
      for (const name of names) scene.app.task(name, { params: ['x'] }, (_x?: unknown) => 1);
      const sig = (name: string) => scene.app.signature(name);
      const own = scene.app.task('own', { priority: 2 }, () => 1);
      const parent = scene.app.task('parent', async () => {
        await tick();
        await scene.app.sendTask('child');
        await chord([sig('nested')], sig('body')).delay();
        await own.delay();
        await scene.app.sendTask('given', [], {}, { priority: 3 });
      });
      await scene.start();
      const result = await chain(parent.s().set({ priority: 7 }).link(sig('linked')), sig('chained') as never).delay();
      await result.get({ timeout: 10 });
      await scene.line(/body.*succeeded/);
      await scene.line(/linked.*succeeded/);
      for (const name of names) expect([name, priorityOf(name)]).toEqual([name, inherits ? 7 : 0]);
      expect([priorityOf('own'), priorityOf('given')]).toEqual([2, 3]);
    },
  );

  test.each([
    [false, {}, null],
    [true, { trace: 'abc', tenant: 'blue' }, ['monitoring']],
    [['trace', 'monitoring'], { trace: 'abc' }, ['monitoring']],
  ])(
    'taskInheritParentHeaders %j: has the headers and stamps of the task',
    async (taskInheritParentHeaders, expected, stamped) => {
      const { sent, headersOf, interceptors } = capture();
      await using scene = new WorkerScene({ interceptors, taskInheritParentHeaders });
      for (const name of ['child', 'chained']) scene.app.task(name, { params: ['x'] }, (_x?: unknown) => 1);
      scene.app.task('parent', async () => {
        await tick();
        await scene.app.sendTask('child');
        await scene.app.sendTask('own', [], {}, { headers: { trace: 'mine' } });
      });
      await scene.start();
      const chained = {
        task: 'chained',
        args: [],
        kwargs: {},
        options: { task_id: 'last' },
        subtask_type: null,
        immutable: true,
      };
      await scene.publishTask('parent', [[], {}, { callbacks: null, errbacks: null, chain: [chained], chord: null }], {
        ...{ trace: 'abc', tenant: 'blue', stamped_headers: ['monitoring'], stamps: { monitoring: '17' } },
      });
      await scene.app.asyncResult('last').get({ timeout: 10 });
      for (const name of ['child', 'chained']) {
        const { trace, tenant, stamped_headers, stamps } = headersOf(name) ?? {};
        expect({ ...(trace === undefined ? {} : { trace }), ...(tenant === undefined ? {} : { tenant }) }).toEqual(
          expected,
        );
        expect(stamped_headers).toEqual(stamped);
        expect(stamps).toEqual(stamped === null ? {} : { monitoring: '17' });
      }
      expect(sent.get('own')?.headers['trace']).toBe('mine');
    },
  );
});
