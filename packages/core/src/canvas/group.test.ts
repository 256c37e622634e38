import { describe, expect, it } from 'vitest';
import { CanvasScene } from '../__fixtures__/canvas-scene.js';
import { chain } from './chain.js';
import { chord } from './chord.js';
import { group } from './group.js';

describe('a group', () => {
  it('gives its id and the position to its members [CV-079]', async () => {
    const { add, ran } = new CanvasScene();
    const result = await group([add.s(1, 1), add.s(2, 2)]).applyAsync([], { taskId: 'the-group' });
    expect(result.id).toBe('the-group');
    expect(ran.map((message) => [message.group, message.groupIndex])).toEqual([
      ['the-group', 0],
      ['the-group', 1],
    ]);
    const other = await group([add.s(1, 1)]).delay();
    expect(other.id).toMatch(/^[0-9a-f-]{36}$/);
    expect(ran.at(-1)?.group).toBe(other.id);
  });

  it('of a thousand keeps their order [CV-223, CV-224]', async () => {
    const { same } = new CanvasScene();
    const numbers = Array.from({ length: 1_000 }, (_, index) => index);
    const result = await group(numbers.map((number) => same.s(number))).delay();
    expect(await result.get()).toEqual(numbers);
  });

  it('passes its options on to every member [CV-096]', async () => {
    const { add, total, ran } = new CanvasScene();
    await group([add.s(1, 1), add.s(2, 2)]).applyAsync([], { shadow: 'sum' });
    expect(ran.map(({ shadow }) => shadow)).toEqual(['sum', 'sum']);
    ran.length = 0;
    const result = await chord([add.s(1, 1), add.s(2, 2)], total.s()).applyAsync([], { taskId: 'end', shadow: 'all' });
    expect(ran.map(({ shadow }) => shadow)).toEqual(['all', 'all', 'all']);
    expect([result.id, ran.at(-1)?.id]).toEqual(['end', 'end']);
    expect(ran.filter(({ id }) => id === 'end')).toHaveLength(1);
  });

  it('is immutable with all its members [CV-086]', async () => {
    const { add, same } = new CanvasScene();
    const members = group([same.s('a'), same.s('b')]).asImmutable();
    expect(await (await chain(add.s(1, 1), members).delay()).get()).toEqual(['a', 'b']);
  });

  it('of chains gives each of them the result before it, and mixes no steps [CV-173]', async () => {
    const { add } = new CanvasScene();
    const result = await chain(add.s(5, 6), group([chain(add.s(1), add.s(2)), add.s(3)])).delay();
    expect(await result.get()).toEqual([14, 14]);
  });

  it('with a chain that ends in a group has a list in its list [CV-158, CV-176]', async () => {
    const { same } = new CanvasScene();
    const inner = chain(same.si(5), group([same.si(3), same.si(4)]));
    expect(await (await group([same.si(1), same.si(2), inner]).delay()).get()).toEqual([1, 2, [3, 4]]);
  });

  it('has the root of its chain, and the step before it as parent of every member [CV-221]', async () => {
    const { where } = new CanvasScene();
    const members = group([where.si(), where.si(), where.si()]);
    const result = await chain(where.si(), where.si(), members).delay();
    const before = result.parent;
    const place = { rootId: before?.parent?.id, parentId: before?.id };
    expect(await result.get()).toEqual([place, place, place]);
  });

  it('is a tuple of its id, its parent and its members [CV-145]', async () => {
    const { add } = new CanvasScene();
    const result = await chain(add.s(1, 1), group([add.s(1), add.s(2)])).delay();
    const parent = result.parent;
    expect(parent?.asTuple()).toEqual([[parent?.id, null], null]);
    const members = result.asTuple()[1];
    expect(members).toHaveLength(2);
    expect(result.asTuple()).toEqual([[result.id, [[parent?.id, null], null]], members]);
  });
});

describe('the result of a group with a member that failed', () => {
  it('is ready, and counts those that succeeded [CV-159, CV-219]', async () => {
    const { add, fail } = new CanvasScene();
    const result = await group([add.s(1, 2), fail.s('broken'), add.s(3, 4)]).delay();
    expect([await result.ready(), await result.successful(), await result.failed()]).toEqual([true, false, true]);
    expect(await result.completedCount()).toBe(2);
  });
});

describe('the continuations of a group', () => {
  it('a callback is called once, when its first member succeeded, and given nothing [CV-076, CV-228]', async () => {
    const { same, note, seen, ran } = new CanvasScene();
    const result = await group([same.si(42), same.si(1337)])
      .link(note.s('done'))
      .delay();
    expect(await result.get()).toEqual([42, 1337]);
    expect(seen).toEqual(['done']);
    expect(ran.filter(({ task }) => task === 'same').map(({ callbacks }) => callbacks?.length ?? 0)).toEqual([1, 0]);
  });

  it('an errback is called for each member that failed, whichever it is [CV-229, CV-230, CV-232]', async () => {
    const { same, fail, note, seen } = new CanvasScene();
    const failing = [
      [fail.s('broken'), same.si(42)],
      [same.si(42), fail.s('broken')],
      [same.si(1), fail.s('broken'), same.si(2), fail.s('broken'), fail.s('broken')],
    ];
    for (const members of failing) {
      const result = await group(members).linkError(note.si('errback')).delay();
      await expect(result.get()).rejects.toThrow('broken');
    }
    expect(seen).toHaveLength(1 + 1 + 3);
  });

  it('those of its members are their own [CV-233, CV-234]', async () => {
    const { same, fail, note, seen } = new CanvasScene();
    const linked = same.si(1337).link(note.s());
    expect(await (await group([linked, linked, linked]).delay()).get()).toEqual([1337, 1337, 1337]);
    expect(seen).toEqual([1337, 1337, 1337]);
    seen.length = 0;
    const broken = fail.s('broken').linkError(note.s());
    const result = await group([broken, broken, broken]).delay();
    await expect(result.get()).rejects.toThrow('broken');
    expect(new Set(seen)).toEqual(new Set(result.results.map(({ id }) => id)));
    expect(seen).toHaveLength(3);
  });
});
