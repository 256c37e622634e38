import { describe, expect, it } from 'vitest';
import { CanvasScene } from '../__fixtures__/canvas-scene.js';
import { chain } from './chain.js';
import { chord } from './chord.js';
import { group } from './group.js';

/** A generator that counts what was taken of it. */
function counted<T>(values: readonly T[]): { readonly taken: () => number; readonly values: Generator<T> } {
  let taken = 0;
  const give = function* (): Generator<T> {
    for (const value of values) {
      taken += 1;
      yield value;
    }
  };
  return { taken: () => taken, values: give() };
}

describe('a list or a generator of signatures', () => {
  it('may be a chain, as if its links were given one by one [CV-046, CV-047, CV-338]', async () => {
    const { add, ran } = new CanvasScene();
    const links = [add.s(1), add.s(2), add.s(3)] as const;
    const written = chain(...links).serialize();
    expect(chain([...links]).serialize()).toEqual(written);
    expect(chain(new Set(links)).serialize()).toEqual(written);
    const generated = counted(links);
    const sum = chain(generated.values);
    expect(sum.serialize()).toEqual(written);
    expect(await (await sum.delay(10)).get()).toBe(16);
    expect(await (await sum.delay(0)).get()).toBe(6);
    expect([generated.taken(), ran.length]).toEqual([3, 6]);
    expect(await (await chain([add.si(2, 2)]).delay()).get()).toBe(4);
  });

  it('may be a group, which sends each of its members once [CV-357]', async () => {
    const { same, ran } = new CanvasScene();
    const members = counted([same.si(1), same.si(2), same.si(3)]);
    const all = group(members.values);
    expect(await (await all.delay()).get()).toEqual([1, 2, 3]);
    expect([members.taken(), ran.length]).toEqual([3, 3]);
    expect(await (await all.delay()).get()).toEqual([1, 2, 3]);
    expect(() => group(counted<ReturnType<typeof same.si>>([]).values)).toThrow(TypeError);
    expect(ran).toHaveLength(6);
  });

  it('may be the header of a chord, which is read once [CV-049, CV-360]', async () => {
    const { add, total, ran } = new CanvasScene();
    const members = counted([add.s(1, 1), add.s(2, 2)]);
    const sum = chord(members.values, total.s());
    expect(String(sum)).toBe('%total([add(1, 1), add(2, 2)])');
    expect(await (await sum.delay()).get()).toBe(6);
    expect([members.taken(), ran.length]).toEqual([2, 3]);
  });

  it('that is empty is no workflow, for there is no app to send it; the header of a chord is that of the body [CV-362]', async () => {
    const { total } = new CanvasScene();
    expect(() => chain([])).toThrow(/at least one signature/);
    expect(() => group(new Set<never>())).toThrow(/at least one signature/);
    expect(await (await chord(new Set<never>(), total.s()).delay()).get()).toBe(0);
  });
});

describe('a group as header', () => {
  it('is the header of a chord; chunks are, too [CV-049, CV-050, CV-361]', async () => {
    const { add, total, same } = new CanvasScene();
    const members = group([add.s(1, 1), add.s(2, 2)]);
    const sum = chord(members, total.s());
    expect(sum.serialize()).toEqual(chord([add.s(1, 1), add.s(2, 2)], total.s()).serialize());
    expect(await (await sum.delay()).get()).toBe(6);
    expect(await (await members.pipe(total.s()).delay()).get()).toBe(6);
    const pairs: [number, number][] = [
      [1, 1],
      [2, 2],
      [3, 3],
    ];
    expect(await (await chord(add.chunks(pairs, 2), same.s()).delay()).get()).toEqual([[2, 4], [6]]);
  });

  it('of another kind is refused', () => {
    const { add, total } = new CanvasScene();
    const wrong = chord as (header: unknown, body: unknown) => unknown;
    expect(() => wrong(add.s(1, 1), total.s())).toThrow(/list of signatures or a group, not a task/);
    expect(() => wrong(chain(add.s(1, 1), add.s(2)), total.s())).toThrow(/not a chain/);
  });
});
