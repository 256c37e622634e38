import { type AppOptions, chain, chord, type PublishCall } from '@ctq/core';
import { describe, expect, test } from 'vitest';
import { WorkerScene } from './__fixtures__/worker-scene.js';

const soon = { timeout: 10 };

/** @param isHeld nothing reaches the broker as long as it says so */
function setup(options: AppOptions = { taskChainInlineLinks: 4 }, isHeld: { readonly now: boolean } = { now: false }) {
  const published: PublishCall[] = [];
  const scene = new WorkerScene({
    ...options,
    interceptors: [
      {
        name: 'recorder',
        publish: async (call, next) => {
          published.push(call);
          if (!isHeld.now) await next(call);
        },
      },
    ],
  });
  const { app } = scene;
  return {
    scene,
    app,
    published,
    one: app.task('one', () => 1),
    add: app.task('add', (x: number, y: number) => x + y),
    sum: app.task('sum', (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0)),
    fail: app.task('fail', (x: number): number => {
      throw new RangeError(`${x} is enough`);
    }),
    failed: app.task('failed', (id: string) => id),
  };
}

const bodyOf = ({ message }: PublishCall): string => new TextDecoder().decode(message.body);
const times = <T>(count: number, make: () => T): readonly T[] => Array.from({ length: count }, make);

describe('A chain of which messages carry a part', () => {
  test('comes to the same, with messages that do not grow with it', async () => {
    const { scene, published, one, add } = setup();
    await using _ = scene;
    await scene.start();
    const sizes: number[] = [];
    for (const length of [30, 120]) {
      published.length = 0;
      const result = await chain([one.si(), ...times(length, () => add.s(1))]).delay();
      expect(await result.get(soon)).toBe(length + 1);
      expect(published.map(({ task }) => task)).toEqual(['one', ...times(length, () => 'add')]);
      sizes.push(Math.max(...published.map((call) => bodyOf(call).length)));
    }
    const [short = 0, long = 0] = sizes;
    expect(long).toBeLessThan(short * 1.1);
  });

  test.each([1, 2, 3, 4, 5, 8, 9, 10])('has no step twice or left out: %d behind the first', async (length) => {
    const { scene, published, one, add } = setup();
    await using _ = scene;
    await scene.start();
    const result = await chain([one.si(), ...times(length, () => add.s(1))]).delay();
    expect(await result.get(soon)).toBe(length + 1);
    expect(published.filter(({ task }) => task !== 'one')).toHaveLength(length);
  });

  test('goes on behind a chord', async () => {
    const { scene, one, add, sum } = setup({ taskChainInlineLinks: 1 });
    await using _ = scene;
    await scene.start();
    const middle = chord([add.s(10), add.s(20)], sum.s());
    const result = await chain(one.si(), add.s(1), middle, add.s(1), add.s(1)).delay();
    expect(await result.get(soon)).toBe(12 + 22 + 2);
  });

  test('that fails ends everybody who waits for a step of it, and the chord that it is in', async () => {
    const { scene, app, one, add, fail, failed, sum } = setup({ taskChainInlineLinks: 2 });
    await using _ = scene;
    await scene.start();
    const long = chain(one.si(), fail.s(), add.s(1), add.s(1), add.s(1), add.s(1), add.s(1));
    const result = await long.delay();
    const others = result.asList().slice(0, 5);
    for (const id of others)
      await expect(app.asyncResult(id).get({ ...soon, followParents: false })).rejects.toThrow('1 is enough');
    const around = await chord([long, one.si()], sum.s().linkError(failed.s())).delay();
    await expect(around.get({ ...soon, followParents: false })).rejects.toThrow('1 is enough');
    await scene.line(/failed\[.*succeeded/);
  });

  test('is sent again under the same ids, from the same store', async () => {
    const { scene, published, one, add } = setup({ taskChainInlineLinks: 2 });
    await using _ = scene;
    await scene.start();
    const result = await chain(one.si(), add.s(1), add.s(1), add.s(1), add.s(1), add.s(1)).delay();
    expect(await result.get(soon)).toBe(6);
    const ids = new Set(published.map(({ id }) => id));
    for (const call of [...published]) await scene.publish(call.message);
    await expect.poll(() => scene.lines.filter(({ message }) => /succeeded/.test(message)).length).toBe(12);
    expect(new Set(published.map(({ id }) => id))).toEqual(ids);
  });

  test('goes on from a worker that sends the step for the rest as any other, as those of Python do', async () => {
    const isHeld = { now: true };
    const { scene, published, one, add } = setup({ taskChainInlineLinks: 1 }, isHeld);
    await using _ = scene;
    const result = await chain(one.si(), add.s(1), add.s(1), add.s(1)).delay();
    const [body = ''] = published.map(bodyOf);
    const [, , { chain: rest }] = JSON.parse(body) as [
      unknown,
      unknown,
      {
        readonly chain: {
          readonly task: string;
          readonly args: readonly string[];
          readonly options: { readonly task_id: string };
        }[];
      },
    ];
    expect(rest.map(({ task }) => task)).toEqual(['ctq.chain_rest', 'add']);
    isHeld.now = false;
    const id = rest[0]?.options.task_id ?? '';
    await scene.start();
    await scene.publishTask(
      'ctq.chain_rest',
      [[2, rest[0]?.args[0]], {}, { callbacks: null, errbacks: null, chain: null, chord: null }],
      { id },
    );
    expect(await result.get(soon)).toBe(4);
  });

  test('whose rest is gone says so, and its step is a failure', async () => {
    const { scene, app, one, add } = setup({ taskChainInlineLinks: 1 });
    await using _ = scene;
    const result = await chain(one.si(), add.s(1), add.s(1), add.s(1)).delay();
    const store = await app.kernel.store();
    await store.deleteMany((await store.list?.('ctq.coordination.chain.')) ?? []);
    await scene.start();
    const told = result.get(soon).catch((error: unknown) => String(error));
    await scene.line(/add\[.*raised unexpected/);
    // What comes behind it cannot say so itself.
    await scene.clock.advance(1_000);
    expect(await told).toContain('of a chain are not in the store');
  });
});
