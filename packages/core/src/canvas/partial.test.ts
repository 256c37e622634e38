import { describe, expect, it } from 'vitest';
import { CanvasScene } from '../__fixtures__/canvas-scene.js';
import { chain } from './chain.js';
import { chord } from './chord.js';
import { group } from './group.js';

/** Tasks that can be given arguments by name. */
function setup() {
  const { app, add, total, same, note, seen, ran } = new CanvasScene();
  return {
    ...{ app, add, total, same, note, seen, ran },
    sum: app.task('sum', { params: ['x', 'y', 'z'] }, (x: number, y: number, z?: number) => x + y + (z ?? 0)),
    addToAll: app.task('addToAll', (numbers: readonly number[], y: number) => numbers.map((number) => number + y)),
  };
}

describe('a signature by name', () => {
  it('has positions, names and options, as they are sent [CV-009, CV-010]', async () => {
    const { app, ran } = setup();
    const sum = app.signature('sum', [2], { y: 3 }, { priority: 3, shadow: 'three' });
    expect(sum.serialize()).toEqual({
      ...{ task: 'sum', args: [2], kwargs: { y: 3 }, options: { priority: 3, shadow: 'three' } },
      ...{ subtask_type: null, immutable: false },
    });
    expect(app.signature(sum.serialize()).serialize()).toEqual(sum.serialize());
    expect(await (await sum.delay()).get()).toBe(5);
    expect(ran).toMatchObject([{ args: [2], kwargs: { y: 3 }, shadow: 'three' }]);
  });
});

describe('what a signature is given when it is sent', () => {
  it('comes in front of its arguments, over its keyword arguments and over its options [CV-011]', async () => {
    const { app, ran } = setup();
    const sum = app.signature('sum', [2], { z: 1 }, { shadow: 'own', headers: { a: 1 } });
    const more = sum.withKwargs({ z: 100 });
    expect(await (await more.applyAsync([10], { shadow: 'call' })).get()).toBe(112);
    expect(ran).toMatchObject([{ args: [10, 2], kwargs: { z: 100 }, shadow: 'call', headers: { a: 1 } }]);
    expect(await (await sum.delay(10)).get()).toBe(13);
  });

  it('is nothing where it is undefined or nothing: its own stands [CV-013, CV-309]', async () => {
    const { add, ran } = setup();
    const sum = add.s(1, 1).set({ shadow: 'own', priority: 3 });
    const undefinedOptions = { shadow: undefined, priority: undefined } as object;
    expect(sum.set(undefinedOptions).serialize()).toEqual(sum.serialize());
    expect(sum.set({}).serialize()).toEqual(sum.serialize());
    await sum.applyAsync([], undefinedOptions);
    expect(ran).toMatchObject([{ shadow: 'own' }]);
  });

  it('is ignored by an immutable one, but for options [CV-308]', async () => {
    const { add, ran } = setup();
    const sum = add.si(2, 2).withKwargs({ bar: 2 });
    expect(sum.serialize()).toMatchObject({ args: [2, 2], kwargs: {} });
    const result = await sum.applyAsync([4], { taskId: 'three' });
    expect([result.id, await result.get()]).toEqual(['three', 4]);
    expect(ran).toMatchObject([{ args: [2, 2], kwargs: {}, id: 'three' }]);
  });

  it('goes by name to the first step of a chain alone [CV-249]', async () => {
    const { sum, add, addToAll } = setup();
    const workflow = chain(sum.s(2, 2), group([0, 1, 2, 3].map((n) => add.s(n))), addToAll.s(8));
    expect(await (await workflow.withKwargs({ z: 1 }).delay()).get()).toEqual([13, 14, 15, 16]);
    expect(await (await workflow.delay()).get()).toEqual([12, 13, 14, 15]);
  });

  it('goes to every member of a group, with positions in front, also where that becomes a chord [CV-250, CV-356]', async () => {
    const { sum, addToAll, total } = setup();
    const sums = group([0, 1, 2, 3].map((n) => sum.s(n)));
    expect(await (await sums.withKwargs({ z: 1 }).delay(4)).get()).toEqual([5, 6, 7, 8]);
    expect(await (await sums.applyAsync([4], {})).get()).toEqual([4, 5, 6, 7]);
    const all = chain(sums, addToAll.s(8));
    expect(await (await all.withKwargs({ z: 1 }).applyAsync([4])).get()).toEqual([13, 14, 15, 16]);
    const named = chord(sums, total.s()).withKwargs({ z: 1 });
    expect(await (await named.delay(4)).get()).toBe(26);
  });
});

describe('a copy of a signature', () => {
  it('that is immutable ignores what comes before it, and leaves the one that it was made of [CV-311, CV-352]', async () => {
    const { same, add } = setup();
    const own = same.s('own');
    const immutable = own.asImmutable();
    expect([own.immutable, immutable.immutable, immutable.asImmutable().immutable]).toEqual([false, true, true]);
    for (const whole of [
      immutable,
      chain(same.s('own'), same.s()).asImmutable(),
      group([same.s('own')]).asImmutable(),
      chord([same.s('own')], same.s()).asImmutable(),
    ]) {
      const result = await chain(add.s(1, 1), whole).delay();
      expect([await result.get()].flat()).toEqual(['own']);
    }
    expect(await (await chain(add.s(1, 1), chain(same.s()))).delay().then((result) => result.get())).toBe(2);
  });

  it('has the links that it was given, and the other has not [CV-361]', () => {
    const { add, total, note } = setup();
    const sums = chord([add.s(1, 1)], total.s());
    const before = sums.serialize();
    const linked = sums.link(note.s()).linkError(note.s()).withKwargs({ z: 1 });
    expect(sums.serialize()).toEqual(before);
    expect(linked.serialize()).not.toEqual(before);
  });
});

describe('a signature as JSON', () => {
  it('is its travelling form, at any depth [CV-301]', () => {
    const { app, add, total } = setup();
    const workflow = chord([chain(add.s(1, 1), add.s(2)), add.si(2, 2)], total.s());
    expect(JSON.parse(JSON.stringify({ workflow }))).toEqual({ workflow: workflow.serialize() });
    expect(app.signature(JSON.parse(JSON.stringify(workflow))).toJSON()).toEqual(workflow.serialize());
  });
});

describe('pipe', () => {
  it('is the chain of two; of a group with what follows it a chord [CV-028, CV-040]', async () => {
    const { add, total } = setup();
    const sum = add.s(2, 2).pipe(add.s(4)).pipe(add.s(8));
    expect(sum.serialize()).toEqual(chain(add.s(2, 2), add.s(4), add.s(8)).serialize());
    expect(await (await sum.delay()).get()).toBe(16);
    const all = group([add.s(1, 1), add.s(2, 2)]).pipe(total.s());
    expect(await (await all.pipe(add.s(1)).delay()).get()).toBe(7);
  });

  it('keeps what was linked to the chain that it continues', async () => {
    const { add, note, seen } = setup();
    const begin = chain(add.s(1, 1), add.s(2)).link(note.s());
    expect(await (await begin.pipe(add.s(10)).delay()).get()).toBe(14);
    expect(seen).toEqual([4]);
  });
});
