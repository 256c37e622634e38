import { describe, expect, it } from 'vitest';
import { CanvasScene } from '../__fixtures__/canvas-scene.js';
import { chain } from './chain.js';
import { chord } from './chord.js';
import { group } from './group.js';
import type { AnySignature } from './signature.js';

/** Sizes of the chords that were opened, in their order. */
async function opened(scene: CanvasScene): Promise<number[]> {
  const sizes: number[] = [];
  const { chords } = await scene.app.backend();
  if (chords === undefined) throw new Error('It counts no chords.');
  const open = chords.openChord.bind(chords);
  chords.openChord = (id, size) => {
    sizes.push(size);
    return open(id, size);
  };
  return sizes;
}

const many = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

/** What a header is made of, how many members that is, and its results. */
const headers: readonly (readonly [
  title: string,
  build: (scene: CanvasScene) => AnySignature[],
  size: number,
  results: unknown,
])[] = [
  ['one task', ({ same }) => [same.si(1)], 1, [1]],
  ['many tasks', ({ same }) => many(42, same.si(1)), 42, many(42, 1)],
  ['a group of one', ({ same }) => [group([same.si(1)])], 1, [1]],
  ['a group of many', ({ same }) => [group(many(42, same.si(1)))], 42, many(42, 1)],
  ['a chain of one', ({ same }) => [chain(same.si(1))], 1, [1]],
  ['a chain of many', ({ same }) => [chain(many(42, same.si(1)))], 1, [1]],
  ['a chain in a chain', ({ same }) => [chain(chain(many(42, same.si(1))))], 1, [1]],
  ['a chord without a header', ({ same }) => [chord([], same.si(1))], 1, [1]],
  [
    'chords in chords',
    ({ same }) => [chord([chord(many(4, same.si(2)), same.si(3))], same.si(1)), same.si(2)],
    2,
    [1, 2],
  ],
  ['a chord with a chain as body', ({ same }) => [chord(many(4, same.si(1)), chain(same.si(2), same.si(3)))], 1, [3]],
  ['a chord with a group as body', ({ same }) => [chord([same.si(1)], group(many(4, same.si(2))))], 1, [many(4, 2)]],
  ['chains that begin with a group', ({ same }) => many(2, chain(group(many(4, same.si(1))), same.si(2))), 2, [2, 2]],
  [
    'chains with a group in the middle',
    ({ same }) => many(2, chain(same.si(0), group(many(4, same.si(1))), same.si(2))),
    2,
    [2, 2],
  ],
  [
    'chains that end in a group',
    ({ same }) => many(2, chain(same.si(0), group(many(4, same.si(1))))),
    2,
    many(2, many(4, 1)),
  ],
];

describe('the size of a chord is the number of places in the list of its header, for', () => {
  it.each(headers)('%s [CV-358]', async (_title, build, size, results) => {
    for (const asTravelled of [false, true]) {
      const scene = new CanvasScene();
      const { app, same } = scene;
      const whole = chord(build(scene), same.s() as never);
      const sizes = await opened(scene);
      const result = await (asTravelled ? app.signature(JSON.parse(JSON.stringify(whole))) : whole).delay();
      expect(await result.get()).toEqual(results);
      expect(sizes[0]).toBe(size);
    }
  });

  it('chords in a group, each its own [CV-358]', async () => {
    const scene = new CanvasScene();
    const sizes = await opened(scene);
    const { same } = scene;
    const [pair, trio] = [chord(many(2, same.si(1)), same.s()), chord(many(3, same.si(2)), same.s())];
    expect(await (await group([pair, same.si(7), trio]).delay()).get()).toEqual([many(2, 1), 7, many(3, 2)]);
    expect(sizes).toEqual([2, 3]);
  });
});

describe('the index of a member', () => {
  it('counts through the groups in a header; a group in a group counts its own [CV-080, CV-351]', async () => {
    const { same, total, ran } = new CanvasScene();
    const nested = () => [same.si(1), group([same.si(2), same.si(3)]), same.si(4)];
    await chord(nested(), total.s() as never).delay();
    const indexes = (): unknown[] =>
      ran.filter(({ task }) => task === 'same').map(({ args, groupIndex }) => [args[0], groupIndex]);
    expect(indexes()).toEqual([
      [1, 0],
      [2, 1],
      [3, 2],
      [4, 3],
    ]);
    ran.length = 0;
    expect(await (await group(nested()).delay()).get()).toEqual([1, [2, 3], 4]);
    expect(indexes()).toEqual([
      [1, 0],
      [2, 0],
      [3, 1],
      [4, 2],
    ]);
  });
});
