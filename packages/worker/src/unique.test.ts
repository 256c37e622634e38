import {
  chain,
  chord,
  type ChordError,
  currentTask,
  group,
  Ignore,
  Reject,
  TaskRevokedError,
  UniqueConflictError,
} from '@ctq/core';
import { BackendConnectionError, memoryBackend, memoryStore } from '@ctq/core/backend';
import { memoryTransport, PublishTimeoutError } from '@ctq/messaging';
import { deferred } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { WorkerScene } from './__fixtures__/worker-scene.js';

const minute = 60_000;

/** Keys that are taken, and notes on calls that were replaced. */
async function keysIn(scene: WorkerScene): Promise<readonly string[]> {
  return (await (await scene.app.store()).list?.('ctq.coordination.')) ?? [];
}

describe('a unique task', () => {
  test('is sent once while it waits or runs, and its callers share one result', async () => {
    await using scene = new WorkerScene();
    const begun = deferred();
    const go = deferred();
    const refresh = scene.app.task('refresh', { unique: true }, async (name: string) => {
      begun.resolve();
      await go.promise;
      return name.toUpperCase();
    });
    const first = await refresh.delay('a');
    const second = await refresh.delay('a');
    const other = await refresh.delay('b');
    expect(first.conflict).toBeUndefined();
    expect([second.id, second.conflict]).toEqual([first.id, { outcome: 'returned', id: first.id }]);
    expect(other.conflict).toBeUndefined();
    expect(await scene.waiting()).toBe(2);
    await scene.start();
    await begun.promise;
    const third = await refresh.delay('a');
    expect(third.id).toBe(first.id);
    go.resolve();
    expect(await Promise.all([first.get(), second.get(), third.get()])).toEqual(['A', 'A', 'A']);
    await other.get();
    expect(await keysIn(scene)).toEqual([]);
  });

  test('may be sent again by whoever has seen its result', async () => {
    await using scene = new WorkerScene();
    let runs = 0;
    const count = scene.app.task('count', { unique: true }, () => (runs += 1));
    await scene.start();
    for (const expected of [1, 2, 3]) expect(await (await count.delay()).get()).toBe(expected);
    expect(await keysIn(scene)).toEqual([]);
  });

  test('compares arguments by what they are, not by how they are written', async () => {
    await using scene = new WorkerScene();
    const save = scene.app.task('save', { unique: true, params: ['order'] }, (_order: unknown) => undefined);
    const at = new Date(0);
    const first = await save.delay({ id: 1, lines: [{ a: 1, b: 2 }], at });
    expect((await save.delay({ at: new Date(0), lines: [{ b: 2, a: 1 }], id: 1, note: undefined })).id).toBe(first.id);
    expect((await save.delay({ id: 1, lines: [{ a: 1, b: 3 }], at })).conflict).toBeUndefined();
    expect((await save.delay({ id: 2 ** 53, n: 9_007_199_254_740_993n })).conflict).toBeUndefined();
    expect((await save.delay({ id: 2 ** 53, n: 9_007_199_254_740_992n })).conflict).toBeUndefined();
  });

  test('is known by a key of its arguments, in whatever form they are sent', async () => {
    await using scene = new WorkerScene();
    const sync = scene.app.task(
      'sync',
      { unique: { key: (account, _since) => `account ${account}` }, params: ['account', 'since'] },
      (_account: number, _since: string) => undefined,
    );
    const first = await sync.delay(7, 'monday');
    expect((await sync.delay(7, 'tuesday')).id).toBe(first.id);
    expect((await scene.app.sendTask('sync', [], { account: 7, since: 'x' })).id).toBe(first.id);
    expect((await sync.delay(8, 'monday')).conflict).toBeUndefined();
  });

  test('of a schema is known by its one object', async () => {
    await using scene = new WorkerScene();
    const schema = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: (value: unknown) => ({ value: value as { user: string } }),
        types: undefined as unknown as { input: { user: string }; output: { user: string } },
      },
    } as const;
    const mail = scene.app.task('mail', { schema, unique: { key: ({ user }) => [user] } }, ({ user }) => user);
    const first = await mail.delay({ user: 'ann' });
    expect((await mail.delay({ user: 'ann' })).id).toBe(first.id);
    expect((await mail.delay({ user: 'ben' })).conflict).toBeUndefined();
  });

  test('says with its call what becomes of it', async () => {
    await using scene = new WorkerScene();
    const build = scene.app.task('build', { unique: { onConflict: 'throw' } }, (_branch: string) => 'built');
    const first = await build.delay('main');
    const thrown = await build.delay('main').catch((error: unknown) => error);
    expect(UniqueConflictError.isInstance(thrown) && [thrown.code, thrown.taskId]).toEqual([
      'CTQ_UNIQUE_CONFLICT',
      first.id,
    ]);
    const dropped = await build.applyAsync(['main'], { unique: { onConflict: 'drop' } });
    expect(dropped.conflict).toEqual({ outcome: 'dropped', id: first.id });
    expect([dropped.ignored, await dropped.get()]).toEqual([true, null]);
    expect((await build.applyAsync(['main'], { unique: { onConflict: 'return' } })).id).toBe(first.id);
    expect((await build.applyAsync(['main'], { unique: false })).conflict).toBeUndefined();
    expect(
      (await build.applyAsync(['other'], { unique: { key: ['main', 2], onConflict: 'drop' } })).conflict,
    ).toBeUndefined();
    expect(await scene.waiting()).toBe(3);
  });

  test('that is called so, is unique without being a unique task', async () => {
    await using scene = new WorkerScene();
    const ping = scene.app.task('ping', (_host: string) => 'pong');
    const first = await ping.applyAsync(['a'], { unique: true });
    expect((await ping.applyAsync(['a'], { unique: true })).id).toBe(first.id);
    expect((await ping.delay('a')).conflict).toBeUndefined();
    const byName = await scene.app.sendTask('elsewhere', [1], {}, { unique: { key: 'k' } });
    expect((await scene.app.sendTask('elsewhere', [2], {}, { unique: { key: 'k' } })).id).toBe(byName.id);
  });

  test.each([
    [{ states: ['running'] }, /'states' begins with waiting/],
    [{ states: ['waiting', 'succeeded'] }, /'states' begins with waiting/],
    [{ window: 0 }, /longer than 0/],
    [{ onConflict: 'ignore' }, /'onConflict' is one of/],
    [{ period: 10 }, /no option 'period'/],
    [{ key: 'text' }, /function of the arguments/],
  ])('with options that cannot be meant is refused when it is defined: %j', async (unique, message) => {
    await using scene = new WorkerScene();
    expect(() => scene.app.task('bad', { unique } as object, () => 1)).toThrow(message);
  });
});

describe('the key of a unique call', () => {
  test('is free when its window is over, though the call was lost', async () => {
    await using scene = new WorkerScene();
    const poll = scene.app.task('poll', { unique: { window: '10m' } }, () => 'done');
    const lost = await poll.delay();
    await scene.clock.advance(10 * minute - 1);
    expect((await poll.delay()).id).toBe(lost.id);
    await scene.clock.advance(1);
    const next = await poll.delay();
    expect(next.conflict).toBeUndefined();
    // Both were accepted, so both run.
    await scene.start();
    expect(await Promise.all([lost.get(), next.get()])).toEqual(['done', 'done']);
    expect(await keysIn(scene)).toEqual([]);
  });

  test('is taken from when the call is due', async () => {
    await using scene = new WorkerScene();
    const remind = scene.app.task('remind', { unique: { window: '1m' } }, () => 'done');
    const parked = await remind.applyAsync([], { countdown: '1h' });
    await scene.start();
    await scene.clock.advance(60 * minute - 1);
    expect((await remind.delay()).id).toBe(parked.id);
    await scene.clock.advance(1);
    expect(await parked.get()).toBe('done');
  });

  test('stays taken for the window where an end is among the states', async () => {
    await using scene = new WorkerScene();
    let runs = 0;
    const report = scene.app.task(
      'report',
      { unique: { window: '1h', states: ['waiting', 'running', 'succeeded'] } },
      (works: boolean) => {
        runs += 1;
        if (!works) throw new Error('no');
        return runs;
      },
    );
    await scene.start();
    const first = await report.delay(true);
    expect(await first.get()).toBe(1);
    const second = await report.delay(true);
    expect([second.id, await second.get()]).toEqual([first.id, 1]);
    await scene.clock.advance(60 * minute);
    expect(await (await report.delay(true)).get()).toBe(2);
    for (const expected of [3, 4]) {
      await expect((await report.delay(false)).get()).rejects.toThrow('no');
      expect(runs).toBe(expected);
    }
    expect(await keysIn(scene)).toHaveLength(1);
  });

  test('is free when the call begins, where only waiting is among the states', async () => {
    await using scene = new WorkerScene();
    const begun = deferred();
    const go = deferred();
    const index = scene.app.task('index', { unique: { states: ['waiting'] } }, async () => {
      begun.resolve();
      await go.promise;
    });
    await scene.start();
    const running = await index.delay();
    await begun.promise;
    const next = await index.delay();
    expect(next.conflict).toBeUndefined();
    go.resolve();
    await Promise.all([running.get(), next.get()]);
    expect(await keysIn(scene)).toEqual([]);
  });

  test('is kept through retries', async () => {
    await using scene = new WorkerScene();
    const charge = scene.app.task('charge', { bind: true, unique: true }, (ctx) => {
      if (ctx.request.retries === 0) ctx.retry({ countdown: '5m' });
      return 'charged';
    });
    await scene.start();
    const first = await charge.delay();
    await scene.line(/retry:/);
    expect((await charge.delay()).id).toBe(first.id);
    await scene.clock.advance(5 * minute);
    expect(await first.get()).toBe('charged');
    expect(await keysIn(scene)).toEqual([]);
  });

  test.each([
    ['is ignored', () => new Ignore(), /ignored/],
    ['is rejected', () => new Reject('no'), /reject requeue=False/],
  ])('is free when the call %s', async (_what, thrown, line) => {
    await using scene = new WorkerScene();
    const odd = scene.app.task('odd', { unique: true }, () => {
      throw thrown();
    });
    await scene.start();
    await odd.delay();
    await scene.line(line);
    await expect.poll(() => keysIn(scene)).toEqual([]);
  });

  test('is free when the call has expired', async () => {
    await using scene = new WorkerScene();
    const late = scene.app.task('late', { unique: true }, () => 1);
    const expired = await late.applyAsync([], { expires: '1s' });
    await scene.clock.advance(2_000);
    await scene.start();
    await expect(expired.get()).rejects.toMatchObject({ code: 'CTQ_TASK_REVOKED', reason: 'expired' });
    expect(await keysIn(scene)).toEqual([]);
  });

  test('is free when no worker knows the task', async () => {
    await using scene = new WorkerScene();
    const unknown = await scene.app.sendTask('elsewhere', [], {}, { unique: true });
    await scene.start();
    await expect(unknown.get()).rejects.toMatchObject({ code: 'CTQ_TASK_NOT_REGISTERED' });
    expect(await keysIn(scene)).toEqual([]);
  });

  test('is free when the call could not be sent', async () => {
    await using scene = new WorkerScene();
    const give = scene.app.task('give', { unique: { key: () => 'k' } }, (_value: unknown) => 1);
    await expect(give.delay(() => 1)).rejects.toMatchObject({ code: 'CTQ_ENCODE' });
    expect(await keysIn(scene)).toEqual([]);
    expect((await give.delay('value')).conflict).toBeUndefined();
  });

  test('is kept when the call may have arrived: the same call may be sent again, another one may not', async () => {
    let isSilent = true;
    await using scene = new WorkerScene({
      interceptors: [
        {
          name: 'silence',
          publish: async (call, next) => {
            if (isSilent) throw new PublishTimeoutError('no answer', { outcome: 'unknown' });
            await next(call);
          },
        },
      ],
    });
    const pay = scene.app.task('pay', { unique: true }, () => 'paid');
    await expect(pay.applyAsync([], { taskId: 'mine' })).rejects.toMatchObject({ code: 'CTQ_PUBLISH_UNKNOWN' });
    isSilent = false;
    expect((await pay.delay()).conflict).toEqual({ outcome: 'returned', id: 'mine' });
    const again = await pay.applyAsync([], { taskId: 'mine' });
    expect(again.conflict).toBeUndefined();
    await scene.start();
    expect(await again.get()).toBe('paid');
    expect(await keysIn(scene)).toEqual([]);
  });

  test('is the own of a call that comes back after its worker was lost', async () => {
    await using scene = new WorkerScene();
    const begun = deferred();
    let runs = 0;
    const slow = scene.app.task('slow', { unique: true }, async () => {
      runs += 1;
      begun.resolve();
      if (runs === 1) await new Promise(() => undefined);
      return runs;
    });
    const first = await scene.start();
    const result = await slow.delay();
    await begun.promise;
    await first.stop(scene.after(0));
    expect((await slow.delay()).id).toBe(result.id);
    await scene.start({ hostname: 'w2@host' });
    expect(await result.get()).toBe(2);
    expect(await keysIn(scene)).toEqual([]);
  });

  test('is not needed: a call whose entry is gone is run, and has it while it runs', async () => {
    await using scene = new WorkerScene();
    const begun = deferred();
    const go = deferred();
    const job = scene.app.task('job', { unique: true }, async () => {
      begun.resolve();
      await go.promise;
    });
    const first = await job.delay();
    await (await scene.app.store()).deleteMany(await keysIn(scene));
    await scene.start();
    await begun.promise;
    expect((await job.delay()).id).toBe(first.id);
    go.resolve();
    await first.get();
    expect(await keysIn(scene)).toEqual([]);
  });

  test('belongs to the task: its header is not seen, and not inherited by what the task sends', async () => {
    await using scene = new WorkerScene({ taskInheritParentHeaders: true });
    const inner = scene.app.task('inner', { bind: true }, (ctx) => Object.keys(ctx.request.headers));
    const outer = scene.app.task('outer', { bind: true, unique: true }, async (ctx) => {
      const child = await inner.delay();
      return [Object.keys(ctx.request.headers), child.id] as const;
    });
    await scene.start();
    const [seen, child] = await (await outer.applyAsync([], { headers: { tenant: 'a' } })).get();
    expect(seen).toEqual(['tenant']);
    expect(await scene.app.asyncResult(child).get()).toEqual(['tenant']);
  });
});

describe('a unique call that replaces', () => {
  function debounced(scene: WorkerScene) {
    const saved: string[] = [];
    const save = scene.app.task(
      'save',
      { unique: { key: (id, _text) => [id], states: ['waiting'], onConflict: 'replace' } },
      (_id: number, text: string) => void saved.push(text),
    );
    return { save, saved };
  }

  test('is run in place of those that wait for their time: the last one counts', async () => {
    await using scene = new WorkerScene();
    const { save, saved } = debounced(scene);
    await scene.start();
    const results = [];
    for (const text of ['a', 'ab', 'abc']) {
      results.push(await save.applyAsync([1, text], { countdown: '2s' }));
      await scene.clock.advance(1_000);
    }
    expect(results.map(({ conflict }) => conflict?.outcome)).toEqual([undefined, 'replaced', 'replaced']);
    await scene.clock.advance(2_000);
    await results[2]?.get();
    const reasons = await Promise.all(
      results
        .slice(0, 2)
        .map((result) => result.get().catch((error: unknown) => TaskRevokedError.isInstance(error) && error.reason)),
    );
    expect(reasons).toEqual([`replaced by ${results[1]?.id}`, `replaced by ${results[2]?.id}`]);
    expect(saved).toEqual(['abc']);
    await expect.poll(() => keysIn(scene)).toEqual([]);
  });

  test('is run in place of one that waits in the queue', async () => {
    await using scene = new WorkerScene();
    const { save, saved } = debounced(scene);
    const first = await save.delay(1, 'old');
    const second = await save.delay(1, 'new');
    expect(second.conflict).toEqual({ outcome: 'replaced', id: first.id });
    await scene.start();
    await second.get();
    await expect(first.get()).rejects.toMatchObject({ reason: `replaced by ${second.id}` });
    expect(saved).toEqual(['new']);
    await expect.poll(() => keysIn(scene)).toEqual([]);
  });

  test('is run beside one that runs where only waiting is unique, and returns it where running is too', async () => {
    await using scene = new WorkerScene();
    const begun = deferred();
    const go = deferred();
    const write = scene.app.task(
      'write',
      { unique: { key: () => 'k', onConflict: 'replace' } },
      async (text: string) => {
        begun.resolve();
        await go.promise;
        return text;
      },
    );
    await scene.start();
    const running = await write.delay('old');
    await begun.promise;
    expect((await write.delay('new')).conflict).toEqual({ outcome: 'returned', id: running.id });
    go.resolve();
    expect(await running.get()).toBe('old');
  });

  test('takes nothing from the other one when it cannot be sent', async () => {
    await using scene = new WorkerScene();
    const { save, saved } = debounced(scene);
    const first = await save.delay(1, 'kept');
    await expect(save.applyAsync([1, (() => 1) as unknown as string], {})).rejects.toMatchObject({
      code: 'CTQ_ENCODE',
    });
    await scene.start();
    await first.get();
    expect(saved).toEqual(['kept']);
  });

  test('is run beside the other one when its sender died before it could say so', async () => {
    await using scene = new WorkerScene();
    const { save, saved } = debounced(scene);
    const first = await save.applyAsync([1, 'parked'], { countdown: '1h' });
    // What a sender that dies between its publish and the entry leaves.
    const { key, until } = (await ticketOf(scene)) as { key: string; until: number };
    await scene.publishTask('save', [[1, 'orphan'], {}, {}], {
      'ctq-unique': { key, states: ['waiting'], until, decidedBy: scene.clock.now() + 5_000 },
    });
    await scene.start();
    await scene.line(/Task save.* received$/);
    await scene.clock.advance(5_100);
    await expect.poll(() => saved).toEqual(['orphan']);
    await scene.clock.advance(60 * minute);
    await first.get();
    expect(saved).toEqual(['orphan', 'parked']);
    expect(await keysIn(scene)).toEqual([]);
  });

  /** That of the only key that is taken, without its prefix. */
  async function ticketOf(scene: WorkerScene): Promise<unknown> {
    const [name = ''] = await keysIn(scene);
    return { key: name.slice('ctq.coordination.unique.'.length), until: scene.clock.now() + 60 * minute };
  }
});

describe('in a workflow, a unique task whose key is taken', () => {
  test('alone is as if it was called', async () => {
    await using scene = new WorkerScene();
    const job = scene.app.task('job', { unique: true }, () => 1);
    const first = await job.delay();
    const again = await job.s().delay();
    expect([again.id, again.conflict?.outcome]).toEqual([first.id, 'returned']);
  });

  test('keeps the whole workflow from being sent, and no key is kept for it', async () => {
    await using scene = new WorkerScene();
    const job = scene.app.task('job', { unique: true }, (n: number) => n);
    const sum = scene.app.task('sum', (numbers: number[]) => numbers.length);
    const first = await job.delay(1);
    for (const workflow of [
      group([job.s(2), job.s(1)]),
      chord([job.s(2), job.s(1)], sum.s()),
      chain(job.s(1), job.si(2)),
    ])
      await expect(workflow.delay()).rejects.toMatchObject({ code: 'CTQ_UNIQUE_CONFLICT', taskId: first.id });
    await expect(group([job.s(3), job.s(3)]).delay()).rejects.toMatchObject({ code: 'CTQ_UNIQUE_CONFLICT' });
    expect(await scene.waiting()).toBe(1);
    expect(await keysIn(scene)).toHaveLength(1);
    await scene.start();
    expect(await (await chord([job.s(2), job.s(3)], sum.s()).delay()).get()).toBe(2);
    await first.get();
    expect(await keysIn(scene)).toEqual([]);
  });

  test('as a later step ends as a failure, and so does what follows it', async () => {
    await using scene = new WorkerScene();
    const start = scene.app.task('start', () => 'started');
    const job = scene.app.task('job', { queue: 'later', unique: true }, () => 1);
    const after = scene.app.task('after', () => 2);
    const holder = await job.delay();
    await scene.start();
    const result = await chain(start.s(), job.si(), after.si()).delay();
    await expect(result.get()).rejects.toMatchObject({ code: 'CTQ_UNIQUE_CONFLICT' });
    expect(await result.parent?.parent?.get()).toBe('started');
    const inChord = await chord([chain(start.si(), job.si()), start.si()], after.si()).delay();
    await expect(inChord.get()).rejects.toMatchObject({ code: 'CTQ_CHORD' } satisfies Partial<ChordError>);
    const asBody = await chord([start.si(), start.si()], job.si()).delay();
    await expect(asBody.get()).rejects.toMatchObject({ code: 'CTQ_UNIQUE_CONFLICT' });
    expect(await keysIn(scene)).toHaveLength(1);
    expect(await holder.state()).toBe('PENDING');
  });

  test('as a callback is left out, and the others are sent', async () => {
    await using scene = new WorkerScene();
    const start = scene.app.task('start', () => 'started');
    const job = scene.app.task('job', { queue: 'later', unique: true }, () => 1);
    const told = deferred<string>();
    const tell = scene.app.task('tell', (what: string) => told.resolve(what));
    const holder = await job.delay();
    await scene.start();
    await start.applyAsync([], { link: [job.si(), tell.s()] });
    expect(await told.promise).toBe('started');
    expect(await scene.waiting('later')).toBe(1);
    expect(await holder.state()).toBe('PENDING');
  });

  test('may follow itself', async () => {
    await using scene = new WorkerScene();
    let runs = 0;
    const step = scene.app.task('step', { unique: true }, () => (runs += 1));
    await scene.start();
    expect(await (await chain(step.si(), step.si(), step.si()).delay()).get()).toBe(3);
    expect(await keysIn(scene)).toEqual([]);
  });

  test('that waits may be replaced: the chord is told', async () => {
    await using scene = new WorkerScene();
    const job = scene.app.task('job', { unique: { onConflict: 'replace' } }, (n: number) => n);
    const sum = scene.app.task('sum', (numbers: number[]) => numbers.length);
    const whole = await chord([job.s(1), job.s(2)], sum.s()).delay();
    const next = await job.delay(1);
    await scene.start();
    expect(await next.get()).toBe(1);
    await expect(whole.get()).rejects.toMatchObject({ code: 'CTQ_CHORD' });
  });

  test('keeps what a signature says about it on its way', async () => {
    await using scene = new WorkerScene();
    const start = scene.app.task('start', () => 'started');
    const job = scene.app.task('job', { queue: 'later', unique: true }, () => 1);
    await job.delay();
    await scene.start();
    await chain(start.s(), job.si().set({ unique: false })).delay();
    await expect.poll(() => scene.waiting('later')).toBe(2);
    await chain(start.s(), job.si().set({ unique: { key: 'own' } })).delay();
    await expect.poll(() => scene.waiting('later')).toBe(3);
  });
});

describe('unique calls', () => {
  test('many at once leave one message for each key', async () => {
    await using scene = new WorkerScene();
    const job = scene.app.task('job', { unique: true }, (n: number) => n);
    const handles = await job.enqueueMany(Array.from({ length: 300 }, (_, index) => [index % 3] as [number]));
    expect(new Set(handles.map(({ id }) => id)).size).toBe(3);
    expect(handles.filter(({ conflict }) => conflict === undefined)).toHaveLength(3);
    expect(await scene.waiting()).toBe(3);
  });

  test('are children of the task that makes them when they are sent, and know it, whatever the task awaits', async () => {
    await using scene = new WorkerScene();
    const job = scene.app.task('job', { bind: true, unique: true }, (ctx) => ctx.request.parentId);
    const parent = scene.app.task('parent', () => {
      // Neither awaited nor in an async function.
      void job.delay();
      return currentTask()?.request.id;
    });
    const other = scene.app.task('other', async () => void (await job.delay()));
    await scene.start();
    const result = await parent.delay();
    const id = await result.get();
    const [child] = (await result.children()) ?? [];
    expect(await child?.get()).toBe(id);
    const held = await job.applyAsync([], { countdown: '1h' });
    expect(held.conflict).toBeUndefined();
    const second = await other.delay();
    await second.get();
    expect(await second.children()).toEqual([]);
  });

  test('in place are run, and let go of their keys', async () => {
    await using scene = new WorkerScene({ taskAlwaysEager: true });
    let nested: string | undefined;
    const job = scene.app.task('job', { bind: true, unique: true }, async (ctx, depth: string): Promise<string> => {
      nested = (await job.delay(depth)).conflict?.outcome;
      return ctx.request.id;
    });
    const first = await job.delay('a');
    expect([await first.get(), nested]).toEqual([first.id, 'returned']);
    const second = await job.delay('a');
    expect(second.id).not.toBe(first.id);
    const retried = scene.app.task('retried', { bind: true, unique: true }, (ctx) => {
      if (ctx.request.retries < 2) ctx.retry({ countdown: 0 });
      return ctx.request.retries;
    });
    expect(await (await retried.delay()).get()).toBe(2);
    expect(await keysIn(scene)).toEqual([]);
  });

  test('travel by protocol 1 as well', async () => {
    await using scene = new WorkerScene({ taskProtocol: 1 });
    const job = scene.app.task('job', { unique: true }, () => 'done');
    const result = await job.delay();
    expect((await job.delay()).id).toBe(result.id);
    await scene.start();
    expect(await result.get()).toBe('done');
    expect(await keysIn(scene)).toEqual([]);
  });

  test('that nobody claimed, or with a header of a stranger, are run as any other', async () => {
    await using scene = new WorkerScene();
    const ran: number[] = [];
    scene.app.task('job', { unique: true }, (n: number) => void ran.push(n));
    for (const [n, header] of [undefined, 'text', { key: 1 }, { key: 'k', states: ['no'], until: 1 }].entries()) {
      const headers = header === undefined ? {} : { 'ctq-unique': header };
      await scene.publishTask('job', [[n], {}, {}], headers);
    }
    await scene.start();
    await expect.poll(() => ran).toEqual([0, 1, 2, 3]);
  });

  test('need a store: without one they are refused, and what was sent by others is run all the same', async () => {
    await using scene = new WorkerScene({ backend: 'disabled://' });
    const ran = deferred<string>();
    const job = scene.app.task('job', { unique: true }, (text: string) => ran.resolve(text));
    await expect(job.delay('a')).rejects.toMatchObject({ code: 'CTQ_NO_STORE' });
    const ticket = { key: 'job.k', states: ['waiting', 'running'], until: scene.clock.now() + minute, version: 1 };
    await scene.publishTask('job', [['b'], {}, {}], { 'ctq-unique': ticket });
    await scene.start();
    expect(await ran.promise).toBe('b');
    await scene.line(/is unique, and is run without its key/);
  });

  test('wait for a store that is away: who could not be told that the key is free tries again', async () => {
    const store = memoryStore();
    const { compareAndSet, compareAndDelete } = store;
    let failures = 0;
    const failing =
      <T extends unknown[], R>(work: ((...given: T) => Promise<R>) | undefined) =>
      (...given: T): Promise<R> => {
        if (failures-- > 0) return Promise.reject(new BackendConnectionError('away', { recoverable: true }));
        return (work as (...given: T) => Promise<R>).apply(store, given);
      };
    Object.assign(store, { compareAndSet: failing(compareAndSet), compareAndDelete: failing(compareAndDelete) });
    await using scene = new WorkerScene({ store });
    const job = scene.app.task('job', { unique: true }, () => {
      failures = 2;
      return 'done';
    });
    failures = 1;
    await expect(job.delay()).rejects.toMatchObject({ code: 'CTQ_BACKEND_CONNECTION' });
    const result = await job.delay();
    failures = 2;
    await scene.start();
    for (const line of [/Couldn't take the key of job/, /Couldn't give back the key of job/]) {
      await scene.line(line);
      await scene.clock.advance(5_000);
    }
    expect(await result.get()).toBe('done');
    expect(await keysIn(scene)).toEqual([]);
  });

  test('of tasks that are not unique touch no store', async () => {
    const backend = memoryBackend();
    await using scene = new WorkerScene({
      broker: memoryTransport(),
      backend: { ...withoutStore(backend) },
    });
    const add = scene.app.task('add', (x: number, y: number) => x + y);
    await scene.start();
    expect(await (await add.delay(1, 2)).get()).toBe(3);
    await expect(scene.app.store()).rejects.toMatchObject({ code: 'CTQ_NO_STORE' });
  });

  function withoutStore(backend: ReturnType<typeof memoryBackend>): ReturnType<typeof memoryBackend> {
    const { spec, name, url, supports, notifier, groups, chords } = backend;
    return {
      spec,
      name,
      url,
      supports,
      ...(notifier && { notifier }),
      ...(groups && { groups }),
      ...(chords && { chords }),
      open: (context, signal) => backend.open(context, signal),
      close: () => backend.close(),
      store: (records) => backend.store(records),
      getMany: (ids) => backend.getMany(ids),
      forget: (ids) => backend.forget(ids),
    };
  }
});
