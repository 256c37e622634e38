import { describe, expect, it } from 'vitest';
import { Ctq } from '../app/ctq.js';
import { ChordError } from '../errors/task-errors.js';
import { chain } from './chain.js';
import { chord } from './chord.js';
import { group } from './group.js';

/** An app that runs calls in place, through the serializer, along the worker's own path. */
function setup() {
  const app = new Ctq('canvas', { taskAlwaysEager: true });
  const seen: unknown[] = [];
  return {
    app,
    seen,
    add: app.task('add', (x: number, y: number) => x + y),
    total: app.task('total', (numbers: readonly number[]) => numbers.reduce((sum, n) => sum + n, 0)),
    fail: app.task('fail', (message: string): number => {
      throw new TypeError(message);
    }),
    note: app.task('note', (what: unknown) => {
      seen.push(what);
      return what;
    }),
  };
}

describe('a chain', () => {
  it('feeds each step with the result of the one before and resolves with the last [CV-057, CV-058, CV-060, CV-067]', async () => {
    const { add } = setup();
    const result = await chain(add.s(2, 2), add.s(4), add.s(8)).delay();
    expect(await result.get()).toBe(16);
    expect(
      await chain(add.s(1), add.s(2))
        .delay(10)
        .then((sum) => sum.get()),
    ).toBe(13);
  });

  it('gives its id to the last step and links the results backwards [CV-061, CV-062, CV-144]', async () => {
    const { add } = setup();
    const result = await chain(add.s(2, 2), add.s(4)).applyAsync([], { taskId: 'the-last' });
    expect(result.id).toBe('the-last');
    expect(await result.parent?.get()).toBe(4);
    expect(result.asTuple()).toEqual([['the-last', [[result.parent?.id, null], null]], null]);
  });

  it('ignores the result before an immutable step [CV-008, CV-012]', async () => {
    const { add } = setup();
    expect(await (await chain(add.s(2, 2), add.si(1, 1)).delay()).get()).toBe(2);
  });

  it('stores the failure of a step under every remaining id, so that nobody waits for ever [CV-069]', async () => {
    const { add, fail } = setup();
    const result = await chain(add.si(1, 1), fail.si('broken'), add.s(1), add.s(2)).delay();
    await expect(result.get()).rejects.toThrow('broken');
    expect(await result.parent?.failed()).toBe(true);
  });

  it('inside a chain is part of it [CV-029, CV-048]', async () => {
    const { add } = setup();
    expect(await (await chain(chain(add.s(1, 1), add.s(1)), chain(add.s(1), add.s(1))).delay()).get()).toBe(5);
  });

  it('sends link with the last step and linkError with every step [CV-064]', async () => {
    const { add, fail, note, seen } = setup();
    await chain(add.s(1, 1), add.s(1)).applyAsync([], { link: note.s() });
    expect(seen).toEqual([3]);
    await chain(add.s(1, 1), fail.si('x'), add.s(1)).applyAsync([], { linkError: note.s(), taskId: 'end' });
    expect(seen).toHaveLength(2);
  });
});

describe('a group', () => {
  it('resolves with the results of its members in their order [CV-079]', async () => {
    const { add } = setup();
    const result = await group([add.s(1, 1), add.s(2, 2), add.s(3, 3)]).delay();
    expect(await result.get()).toEqual([2, 4, 6]);
    expect(await result.completedCount()).toBe(3);
    expect(result.asTuple()).toEqual([[result.id, null], result.results.map((member) => [[member.id, null], null])]);
  });

  it('throws the first error in its order [TR-197]', async () => {
    const { add, fail } = setup();
    const result = await group([add.s(1, 1), fail.s('first'), fail.s('second')]).delay();
    await expect(result.get()).rejects.toThrow('first');
    expect(await result.failed()).toBe(true);
  });

  it('that is followed by a step becomes a chord [CV-037, CV-040]', async () => {
    const { add, total } = setup();
    expect(await (await chain(group([add.s(1, 1), add.s(2, 2)]), total.s(), add.s(10)).delay()).get()).toBe(16);
  });
});

describe('a chord', () => {
  it('gives the list of results in header order to its body [CV-095, CV-097, CV-098, CV-100]', async () => {
    const { add, total } = setup();
    const result = await chord([add.s(1, 1), add.s(2, 2)], total.s()).delay();
    expect(await result.get()).toBe(6);
    expect(await result.parent?.get()).toEqual([2, 4]);
  });

  it('counts a chain as one member and takes a chain as body [CV-093, CV-105]', async () => {
    const { add, total } = setup();
    const result = await chord([chain(add.s(1, 1), add.s(1)), add.s(2, 2)], chain(total.s(), add.s(100))).delay();
    expect(await result.get()).toBe(107);
  });

  it("counts a chord in its header as that chord's body [CV-093, CV-115]", async () => {
    const { add, total } = setup();
    const inner = chord([add.s(1, 1), add.s(2, 2)], total.s());
    expect(await (await chord([inner, add.s(10, 10)], total.s()).delay()).get()).toBe(26);
  });

  it('with an empty header calls its body at once with an empty list [CV-094]', async () => {
    const { total } = setup();
    expect(await (await chord([], total.s()).delay()).get()).toBe(0);
  });

  it('with an immutable body gives it nothing [CV-099]', async () => {
    const { add } = setup();
    expect(await (await chord([add.s(1, 1)], add.si(5, 5)).delay()).get()).toBe(10);
  });

  it('whose member fails never runs its body, stores a ChordError for it and calls its errbacks [CV-109]', async () => {
    const { add, fail, total, note, seen } = setup();
    const result = await chord([add.s(1, 1), fail.s('broken')], total.s().linkError(note.s())).delay();
    const error = await result.get().catch((thrown: unknown) => thrown);
    expect(ChordError.isInstance(error)).toBe(true);
    expect((error as Error).message).toMatch(/^Dependency [0-9a-f-]{36} raised TypeError\('broken'\)$/);
    expect(seen).toEqual([result.id]);
  });

  it('tells what follows it when a member fails [CV-069, CV-109]', async () => {
    const { add, fail, total } = setup();
    const result = await chain(group([add.s(1, 1), fail.s('broken')]), total.s(), add.s(1)).delay();
    await expect(result.get()).rejects.toThrow('Dependency');
  });
});

describe('callbacks', () => {
  it('are given the result, errbacks the failed id [CV-017, CV-073, TR-115]', async () => {
    const { add, fail, note, seen } = setup();
    await add.applyAsync([1, 1], { link: [note.s(), note.s()] });
    expect(seen).toEqual([2, 2]);
    const failed = await fail.applyAsync(['x'], { linkError: note.s() });
    expect(seen).toEqual([2, 2, failed.id]);
  });
});

describe('an errback that fails', () => {
  it('after its retries has its own errback called, and the first error stands [CV-163]', async () => {
    const { app, fail, note, seen } = setup();
    let runs = 0;
    const errback = app.task('errback', { bind: true, maxRetries: 2 }, (ctx, failedId: string) => {
      runs += 1;
      return ctx.retry({ error: new RangeError(`no use: ${failedId}`), countdown: 0 });
    });
    const result = await fail.s('first').linkError(errback.s().linkError(note.s())).delay();
    await expect(result.get()).rejects.toThrow('first');
    expect(runs).toBe(3);
    expect(seen).toHaveLength(1);
    expect(seen).not.toContain(result.id);
  });
});

describe('a signature', () => {
  it('travels and comes back the same [CV-001, CV-002, CV-003, CV-004, CV-005]', async () => {
    const { app, add, total } = setup();
    const workflow = chord(
      [chain(add.s(1, 1), add.s(1)), add.si(2, 2)],
      total.s().set({ queue: 'other', priority: 3 }).link(add.s(1)),
    );
    const serialized = workflow.serialize();
    expect(serialized).toMatchObject({
      task: 'celery.chord',
      subtask_type: 'chord',
      kwargs: { header: { task: 'celery.group' }, body: { task: 'total' } },
    });
    expect(app.signature(serialized).serialize()).toEqual(serialized);
    expect(JSON.parse(JSON.stringify(serialized))).toEqual(serialized);
  });

  it('keeps options that it does not know, and stamps [CV-027, CV-137]', () => {
    const { app } = setup();
    const wire = {
      task: 'add',
      args: [1],
      kwargs: { y: 2 },
      options: { my_option: 5, stamped_headers: ['tenant'], tenant: 'blue', task_id: 'a', link: [] },
      subtask_type: null,
      immutable: false,
    };
    expect(app.signature(wire).serialize()).toEqual({ ...wire, kwargs: { y: 2 } });
  });
});
