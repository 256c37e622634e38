import { describe, expect, it } from 'vitest';
import { CanvasScene } from '../__fixtures__/canvas-scene.js';
import { chain } from './chain.js';
import { chord } from './chord.js';
import { group } from './group.js';

describe('the options of a chain', () => {
  it('go to the last step (id, place in a chord, link), to every step (linkError), or to the first [CV-331, CV-346]', async () => {
    const { add, note, same, ran } = new CanvasScene();
    const sum = chain(add.s(2, 2), add.s(4), add.s(8));
    const options = { taskId: 'some-id', shadow: 'sum', link: note.s(), linkError: note.s() };
    const result = await sum.applyAsync([], options);
    expect([result.id, await result.get()]).toEqual(['some-id', 16]);
    const steps = ran.filter(({ task }) => task === 'add');
    expect(steps.map(({ id }) => id === 'some-id')).toEqual([false, false, true]);
    expect(steps.map(({ callbacks }) => callbacks?.length ?? 0)).toEqual([0, 0, 1]);
    expect(steps.map(({ errbacks }) => errbacks?.length ?? 0)).toEqual([1, 1, 1]);
    expect(steps.map(({ shadow }) => shadow)).toEqual(['sum', null, null]);
    ran.length = 0;
    const inChord = await chord([sum], same.s()).delay();
    const members = ran.filter(({ task }) => task === 'add');
    expect(members.map(({ group: id, groupIndex }) => [id, groupIndex])).toEqual([
      [null, null],
      [null, null],
      [inChord.parent?.id, 0],
    ]);
  });

  it('are not changed by sending it: what is to follow it is added to a copy [CV-065]', async () => {
    const { app, add, same, ran } = new CanvasScene();
    const rest = [same.s().serialize()];
    const first = app.signature({ ...add.s(1, 1).serialize(), options: { chain: rest } });
    const workflow = chain(first, app.signature('add', [2]));
    const before = JSON.stringify(workflow);
    for (const _ of [1, 2]) {
      ran.length = 0;
      await workflow.delay();
      expect(ran.map(({ task }) => task)).toEqual(['add', 'same', 'add']);
    }
    expect(JSON.stringify(workflow)).toBe(before);
    expect(rest).toEqual([same.s().serialize()]);
  });
});

describe('a chain in its travelling form', () => {
  const wire = (tasks: unknown[], args: unknown[] = []) => ({
    ...{ task: 'celery.chain', args, kwargs: { tasks }, options: {} },
    ...{ subtask_type: 'chain', immutable: false },
  });

  it('is a chain, full or empty; an empty one is not sent [CV-324]', async () => {
    const { app, add } = new CanvasScene();
    const full = app.signature(wire([add.s(1, 1).serialize(), add.s(2).serialize()]));
    expect([full.kind, await (await full.delay()).get()]).toEqual(['chain', 4]);
    expect(full.serialize()).toEqual(chain(add.s(1, 1), add.s(2)).serialize());
    const empty = app.signature(wire([]));
    expect(empty.kind).toBe('chain');
    expect(empty.serialize()).toEqual(wire([]));
    await expect(empty.delay()).rejects.toThrow(/at least one link/);
  });

  it('of one chain is sent as that chain is [CV-319]', async () => {
    const { add, same, ran } = new CanvasScene();
    const sent = async (workflow: { delay(): Promise<unknown> }): Promise<unknown[]> => {
      ran.length = 0;
      await workflow.delay();
      return ran.map(({ task, args, chain: rest }) => [task, args, rest?.length]);
    };
    const pair = chain(add.s(1, 1), same.s());
    expect(await sent(chain(pair))).toEqual(await sent(pair));
    expect(await sent(chain([chain(same.si(1))]))).toEqual(await sent(same.si(1)));
  });
});

describe('groups in a chain', () => {
  it('are found in the results before the last one, each with its members [CV-343]', async () => {
    const { app, add } = new CanvasScene();
    const first = [0, 1, 2].map((n) => add.si(n, n));
    const second = [0, 1, 2].map((n) => chain(add.si(n, 0), add.si(0, n)));
    const workflow = chain(add.si(0, 0), add.si(1, 0), group(first), group(second), add.si(2, 0), add.s(3));
    const result = await workflow.applyAsync([], { taskId: 'last' });
    expect(await result.get()).toBe(5);
    const sizes: (number | undefined)[] = [];
    type Before = { readonly parent: unknown; readonly results?: readonly unknown[] };
    for (let at: Before | undefined = app.resultFromTuple(result.asTuple()); at !== undefined; at = at.parent as Before)
      sizes.push(at.results?.length);
    expect(sizes).toEqual([undefined, undefined, 3, 3, undefined, undefined]);
  });

  it('in the middle, in the body of a chord, have their ids [CV-343]', async () => {
    const { add, same } = new CanvasScene();
    const body = chain(add.si(1, 1), group([add.si(1, 1), add.si(1, 1)]), chain(add.si(1, 1), same.s()));
    const result = await chord([add.si(1, 1), add.si(1, 1)], body).delay();
    expect(await result.get()).toBe(2);
    const inner = group([add.s(1), add.s(2)])
      .pipe(same.s())
      .pipe(same.s());
    expect(await (await chain(add.s(1, 1), inner).delay()).get()).toEqual([3, 4]);
  });
});
