import { describe, expect, it } from 'vitest';
import { CanvasScene } from '../__fixtures__/canvas-scene.js';
import { group } from './group.js';
import { skew } from './skew.js';
import type { AnySignature } from './signature.js';

describe('a group that is skewed', () => {
  const countdowns = (signature: AnySignature): unknown[] =>
    (signature.serialize().kwargs['tasks'] as { options: { countdown?: number } }[]).map(
      ({ options }) => options.countdown,
    );

  it('has members that begin one after the other, and was copied [CV-087, CV-355]', async () => {
    const { add } = new CanvasScene();
    const sums = group([0, 1, 2, 3].map((n) => add.s(n, n)));
    expect(countdowns(skew(sums))).toEqual([1, 2, 3, 4]);
    expect(countdowns(skew(sums, { start: 0, step: 0.5 }))).toEqual([0, 0.5, 1, 1.5]);
    expect(countdowns(skew(sums, { start: 1, stop: 3, step: 1 }))).toEqual([1, 2, 3, 3]);
    expect(countdowns(skew(sums, { start: 5, stop: 2 }))).toEqual([5, 5, 5, 5]);
    expect(countdowns(sums)).toEqual([undefined, undefined, undefined, undefined]);
    expect(await (await skew(sums).delay()).get()).toEqual([0, 2, 4, 6]);
  });

  it('may be chunks, but nothing else', () => {
    const { add } = new CanvasScene();
    const pairs: [number, number][] = [
      [1, 1],
      [2, 2],
    ];
    expect(countdowns(skew(add.chunks(pairs, 1)))).toEqual([1, 2]);
    expect(() => (skew as (signature: unknown) => unknown)(add.s(1, 1))).toThrow(/not a task/);
  });
});
