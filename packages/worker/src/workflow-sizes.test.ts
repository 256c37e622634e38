import { type AnySignature, chain, chord } from '@ctq/core';
import { describe, expect, test } from 'vitest';
import { WorkerScene } from './__fixtures__/worker-scene.js';

const soon = { timeout: 20 };

/** Runs a workflow and resolves with the size of the largest message of it, in bytes. */
async function largestMessage(build: (tasks: Tasks) => AnySignature): Promise<number> {
  const sizes: number[] = [];
  await using scene = new WorkerScene({
    interceptors: [
      {
        name: 'scales',
        publish: async (call, next) => {
          sizes.push(call.message.body.length);
          await next(call);
        },
      },
    ],
  });
  const tasks = { one: scene.app.task('one', () => 1), last: scene.app.task('last', (_given: unknown) => 1) };
  await scene.start();
  const result = await build(tasks).applyAsync([] as never);
  await result.get(soon);
  return Math.max(...sizes);
}

interface Tasks {
  readonly one: { si(): AnySignature };
  readonly last: { s(): AnySignature };
}

const times = (count: number, make: () => AnySignature): AnySignature[] => Array.from({ length: count }, make);
const pair = (header: readonly AnySignature[], body: AnySignature): AnySignature => chord(header, body as never);

/** Each by how large it is. */
const shapes: readonly (readonly [string, (size: number, tasks: Tasks) => AnySignature])[] = [
  ['chain', (size, { one }) => chain(times(size, () => one.si()) as never)],
  [
    'chord',
    (size, { one, last }) =>
      pair(
        times(size, () => one.si()),
        last.s(),
      ),
  ],
  [
    'chord in the header of a chord, and so on',
    (size, { one, last }) => {
      let inner = one.si();
      for (let depth = 0; depth < size; depth += 1) inner = pair([inner, one.si()], last.s());
      return inner;
    },
  ],
  [
    'chord as the body of a chord, and so on',
    (size, { one, last }) => {
      let inner = last.s();
      for (let depth = 0; depth < size; depth += 1) inner = pair([one.si(), one.si()], inner);
      return inner;
    },
  ],
  // What grew with the power of the number in Celery until 5.6 (celery/celery#10171).
  [
    'chain of chords',
    (size, { one, last }) =>
      chain(
        times(size, () =>
          pair(
            times(5, () => one.si()),
            last.s(),
          ),
        ) as never,
      ),
  ],
];

describe('The largest message', () => {
  test.each(shapes)('of a %s grows no faster than the workflow', async (_shape, build) => {
    const [small, large] = await Promise.all([20, 40].map((size) => largestMessage((tasks) => build(size, tasks))));
    expect(large).toBeLessThan(2.1 * (small ?? 0));
  });
});
