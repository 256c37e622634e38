import { type AppOptions, chain, chord, group, type PublishCall } from '@ctq/core';
import { deferred } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { WorkerScene } from './__fixtures__/worker-scene.js';

const soon = { timeout: 10 };

interface Sendable {
  delay(): Promise<{ get(options: typeof soon): Promise<unknown> }>;
}

function setup(options: AppOptions = {}) {
  const scene = new WorkerScene(options);
  const { app } = scene;
  return {
    scene,
    add: app.task('add', (x: number, y: number) => x + y),
    sum: app.task('sum', (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)),
    same: app.task('same', (value: unknown) => value),
    addToAll: app.task('addToAll', (numbers: readonly number[], y: number) => numbers.map((x) => x + y)),
    /** Python's + of two lists. */
    concat: app.task('concat', (list: unknown, more: readonly unknown[]) => [...(list as unknown[]), ...more]),
    concatToAll: app.task('concatToAll', (lists: unknown, more: readonly unknown[]) =>
      (lists as unknown[][]).map((list) => [...list, ...more]),
    ),
    prioritized: app.task('prioritized', { bind: true }, (ctx, ..._before: unknown[]) => {
      return `Priority: ${ctx.request.deliveryInfo?.priority}`;
    }),
  };
}

type Tasks = ReturnType<typeof setup>;

const repeated = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

/** Workflows of Celery's own suite (t/integration/test_canvas.py) and what they result in. */
const workflows: readonly (readonly [title: string, build: (tasks: Tasks) => Sendable, result: unknown])[] = [
  ['three sums [CV-167]', ({ add }) => chain(add.s(4, 4), add.s(8), add.s(16)), 32],
  [
    'a task, two groups and a task [CV-182]',
    ({ add, sum }) => chain(add.si(1, 0), group([add.s(1), add.s(1)]), group([sum.s(), sum.s()]), sum.s()),
    8,
  ],
  [
    'groups and sums with a task between them [CV-183]',
    ({ add, sum }) =>
      chain(add.si(1, 0), group([add.s(1), add.s(1)]), sum.s(), add.s(1), group([add.s(1), add.s(1)]), sum.s()),
    12,
  ],
  [
    'a group, a sum, a task and a chord [CV-184]',
    ({ add, sum }) =>
      chain(add.si(1, 0), group([add.s(1), add.s(1)]), sum.s(), add.s(1), chord([add.s(1), add.s(1)], sum.s())),
    12,
  ],
  [
    'two chains of explicit chords [CV-185]',
    ({ add, sum }) => {
      const twice = (y: number) => chord([add.s(y), add.s(y)], sum.s());
      const first = chain(chord([add.si(1, 0), add.si(1, 0)], sum.s()), twice(1), twice(0));
      return chain(first, chain(twice(10), twice(0), twice(1)));
    },
    178,
  ],
  [
    'nine chords [CV-186]',
    ({ add, sum }) => {
      const first = chord(repeated(3, add.si(1, 0)), sum.s());
      const thrice = (y: number) => chord(repeated(3, add.s(y)), sum.s());
      const [one, zero] = [thrice(1), thrice(0)];
      return chain(first, one, one, one, one, one, one, one, zero);
    },
    29_520,
  ],
  [
    'a chord, a task and a group of two [CV-187]',
    ({ add, sum }) => chain(add.si(1, 0), group([add.s(1), add.s(1)]), sum.s(), add.s(1), group([add.s(1), add.s(1)])),
    [6, 6],
  ],
  [
    'a chord that begins, one task and a group [CV-188]',
    ({ add, sum }) => chain(group([add.s(1, 1), add.s(1, 1)]), sum.s(), add.s(1), group([add.s(1), add.s(1)])),
    [6, 6],
  ],
  [
    'a chord that begins, two tasks and a group [CV-189]',
    ({ add, sum }) =>
      chain(group([add.s(1, 1), add.s(1, 1)]), sum.s(), add.s(1), add.s(1), group([add.s(1), add.s(1)])),
    [7, 7],
  ],
  [
    'a chord that begins, three tasks and a group [CV-190]',
    ({ add, sum }) =>
      chain(group([add.s(1, 1), add.s(1, 1)]), sum.s(), add.s(1), add.s(1), add.s(1), group([add.s(1), add.s(1)])),
    [8, 8],
  ],
  [
    'a group in the middle, whose list goes on [CV-192]',
    ({ same }) => chain(same.s(42), group([same.s(), same.s()]), same.s()),
    [42, 42],
  ],
  [
    'a group between two chains, below chords [CV-214]',
    ({ add, sum }) => {
      const body = chain(sum.s(), group([add.s(8), add.s(16)]), chain(sum.s(), add.s(32)));
      return chord([add.s(0, 1)], chord([sum.s(), sum.s()], body));
    },
    60,
  ],
  ['a chord in a group counts a task [CV-226]', ({ same }) => group([chord([same.si(42)], same.s())]), [[42]]],
  [
    'a chord in a group counts a chain [CV-226]',
    ({ same }) => {
      const [step, again] = [same.si(1337), repeated(10, same.si(1337))];
      return group([chord([again.reduce((before, next) => chain(before, next), step)], same.s())]);
    },
    [[1337]],
  ],
  [
    'a chord in a group counts a group [CV-226]',
    ({ same }) => group([chord([group(repeated(42, same.si(1337)))], same.s())]),
    [repeated(42, 1337)],
  ],
  [
    'a chord in a group counts a chord [CV-226]',
    ({ same }) => group([chord([chord(repeated(42, same.si(1337)), same.si(31_337))], same.s())]),
    [[31_337]],
  ],
  [
    'a chord in a group counts them all [CV-226]',
    ({ same }) => {
      const fortyTwo = same.si(42);
      const header = [
        fortyTwo,
        chain(fortyTwo, fortyTwo, fortyTwo),
        group(repeated(42, fortyTwo)),
        chord(repeated(42, fortyTwo), same.si(1337)),
      ];
      return group([chord(header, same.s())]);
    },
    [[42, 42, ...repeated(42, 42), 1337]],
  ],
  [
    'a task, a group and a task on its list [CV-248]',
    ({ add, addToAll }) => chain(add.s(2, 2), group([0, 1, 2, 3].map((y) => add.s(y))), addToAll.s(8)),
    [12, 13, 14, 15],
  ],
  [
    'a group, sums and more groups, up to the last one [CV-169]',
    ({ add, sum }) =>
      chain(
        group([0, 1, 2, 3].map((y) => add.s(y, 1))),
        sum.s(),
        add.s(6),
        group([add.s(1), add.s(2)]),
        sum.s(),
        group([0, 1, 2, 3].map((y) => add.s(y))),
      ),
    [35, 36, 37, 38],
  ],
  [
    'a chord with a chain as body, in a group [CV-227]',
    ({ same }) => group([chord([same.si(42)], chain(same.s(), same.s()))]),
    [[42]],
  ],
  [
    'groups in chains in groups in a chain [CV-251]',
    ({ add }) => {
      const inner = chain(add.si(1, 200), group([add.si(1, 1_000), add.si(1, 2_000)]));
      return chain(add.si(1, 0), group([add.si(1, 100), inner]), add.si(1, 10));
    },
    11,
  ],
  [
    'chords in the header of a chord [CV-254]',
    ({ add, concat, concatToAll }) =>
      chord(
        [chord([add.s(1, 2), add.s(3, 4)], concat.s([5])), chord([add.s(6, 7)], concat.s([10]))],
        concatToAll.s(['A']),
      ),
    [
      [3, 7, 5, 'A'],
      [13, 10, 'A'],
    ],
  ],
  [
    'groups that became chords in a group that became one [CV-254]',
    ({ add, concat, concatToAll }) =>
      chain(
        group([chain(group([add.s(1, 2), add.s(3, 4)]), concat.s([5])), chain(group([add.s(6, 7)]), concat.s([10]))]),
        concatToAll.s(['A']),
      ),
    [
      [3, 7, 5, 'A'],
      [13, 10, 'A'],
    ],
  ],
  [
    'four chords in each other [CV-254]',
    ({ add, concat }) => {
      const first = chain(group([add.s(1, 2)]), concat.s([3]));
      const second = chain(group([first]), concat.s([4]));
      return chain(group([chain(group([second]), concat.s([5]))]), concat.s([6]));
    },
    [[[[3, 3], 4], 5], 6],
  ],
  [
    'two chords at once [CV-258]',
    ({ add, sum }) => group(repeated(2, chord([add.s(1, 2), add.s(3, 4)], sum.s()))),
    [10, 10],
  ],
  [
    'a chord over chains that end in chords [CV-259]',
    ({ add }) => {
      const member = chain(add.si(1, 2), chord([add.si(1, 2), add.si(1, 2)], add.si(1, 2)));
      return chord([member, member], add.si(2, 2));
    },
    4,
  ],
  [
    'a chain to a chord over a chain to a chord [CV-260]',
    ({ same }) => {
      const inner = chain(same.si(3), chord([same.si(4), same.si(5)], same.si(6)));
      return chain(same.si(1), chord([same.si(2), inner], same.si(7)));
    },
    7,
  ],
  [
    'a header of a thousand [CV-263]',
    ({ same, sum }) => chord(Array.from({ length: 1_000 }, (_, index) => same.si(index)) as never, sum.s() as never),
    499_500,
  ],
  [
    'a header of a thousand behind a task [CV-263]',
    ({ same, sum }) => chain(same.si(0), chord(repeated(1_000, same.si(1)) as never, sum.s() as never) as never),
    1_000,
  ],
  [
    'a priority reaches the task [CV-264]',
    ({ prioritized }) => chain(prioritized.si().set({ priority: 3 })),
    'Priority: 3',
  ],
];

describe('The result of', () => {
  for (const [title, build, expected] of workflows) {
    test(title, async () => {
      const tasks = setup();
      await using scene = tasks.scene;
      await scene.start();
      const result = await build(tasks).delay();
      expect(await result.get(soon)).toEqual(expected);
      expect(await scene.waiting()).toBe(0);
    });
  }
});

describe('A workflow through a worker', () => {
  test('keeps the priority of each step [CV-265]', async () => {
    const { scene, prioritized } = setup();
    await using _ = scene;
    await scene.start();
    const [first, second] = [prioritized.si().set({ priority: 3 }), prioritized.si().set({ priority: 5 })];
    const result = await chain(first, second).delay();
    expect([await result.parent?.get(soon), await result.get(soon)]).toEqual(['Priority: 3', 'Priority: 5']);
  });

  test('with an errback and a time to begin at begins then [CV-180]', async () => {
    const { scene, add, sum, same } = setup();
    await using _ = scene;
    await scene.start();
    const workflow = chain(group([add.s(1, 2), add.s(3, 4)]), sum.s()).linkError(same.s());
    const result = await workflow.applyAsync([], { eta: new Date(scene.clock.now() + 10_000) });
    expect(await scene.waiting()).toBe(2);
    const value = result.get({ timeout: 60 });
    // The header, then the body, which has the same time.
    await scene.clock.advance(10_000);
    expect(await value).toBe(10);
  });

  test('gives the results of a header in its order, whatever the order of their ends [CV-242]', async () => {
    const { scene, same } = setup();
    await using _ = scene;
    const gates = [deferred(), deferred(), deferred()];
    const turn = scene.app.task('turn', async (index: number) => {
      if (index < 2) await gates[index + 1]?.promise;
      gates[index]?.resolve();
      return index;
    });
    await scene.start({ concurrency: 3 });
    const result = await chord([turn.s(0), turn.s(1), turn.s(2)], same.s()).delay();
    expect(await result.get(soon)).toEqual([0, 1, 2]);
  });

  test('sends a chord under the same ids when the message before it comes twice [CV-208]', async () => {
    const published: PublishCall[] = [];
    const { scene, same } = setup({
      interceptors: [
        {
          name: 'recorder',
          publish: (call, next) => {
            published.push(call);
            return next(call);
          },
        },
      ],
    });
    await using _ = scene;
    const result = await chain(same.s(42), chord([same.s(), same.s()], same.s())).delay();
    const [first] = published;
    await scene.publish(first?.message ?? {});
    await scene.start({ concurrency: 1 });
    expect(await result.get(soon)).toEqual([42, 42]);
    await scene.clock.advance(0);
    const header = published.filter(({ message }) => message.headers['group_index'] != null);
    const places = header.map(({ id, message }) => `${id} ${String(message.headers['group'])}`);
    expect(places).toHaveLength(4);
    expect(new Set(places).size).toBe(2);
  });

  test('sends the callbacks, then the next step, then stores the result [CV-072]', async () => {
    const happened: string[] = [];
    const { scene, add, same } = setup({
      interceptors: [
        {
          name: 'recorder',
          publish: async (call, next) => {
            happened.push(`send ${call.task}`);
            await next(call);
            happened.push(`sent ${call.task}`);
          },
          store: (record, next) => {
            if (record.result === 2) happened.push('store');
            return next(record);
          },
        },
      ],
    });
    await using _ = scene;
    const result = await chain(add.s(1, 1).link(same.s()), add.s(1)).delay();
    happened.length = 0;
    await scene.start({ concurrency: 1 });
    await result.get(soon);
    const stored = happened.indexOf('store');
    expect(happened.slice(0, 2)).toEqual(['send same', 'send add']);
    expect(stored).toBeGreaterThan(happened.indexOf('sent same'));
    expect(stored).toBeGreaterThan(happened.indexOf('sent add'));
  });

  test('whose callback or next step cannot be sent makes its task a failure [CV-074]', async () => {
    const { scene, add } = setup();
    await using _ = scene;
    await scene.start();
    const unsendable = add.s(1).set({ serializer: 'nonsense' });
    const linked = await add.s(1, 1).link(unsendable).delay();
    await expect(linked.get(soon)).rejects.toThrow(/nonsense/);
    const chained = await chain(add.s(1, 1), unsendable).delay();
    await expect(chained.parent?.get(soon)).rejects.toThrow(/nonsense/);
    expect(await chained.parent?.failed()).toBe(true);
    await expect(chained.get(soon)).rejects.toThrow(/nonsense/);
  });

  test('has its errbacks run, retries and all, by name too, and keeps the first error [CV-164, CV-166]', async () => {
    const { scene } = setup();
    await using _ = scene;
    const fail = scene.app.task('fail', (): never => {
      throw new RangeError('broken');
    });
    const ended = deferred<unknown>();
    scene.app.task('errback', { bind: true }, (ctx, failedId: string) => {
      if (ctx.request.retries === 0) ctx.retry({ countdown: 0 });
      ended.resolve([failedId, ctx.request.retries]);
    });
    await scene.start();
    const result = await fail.s().linkError(scene.app.signature('errback')).delay();
    await expect(result.get(soon)).rejects.toThrow('broken');
    expect(await ended.promise).toEqual([result.id, 1]);
    expect(await result.state()).toBe('FAILURE');
  });
});

describe('A failure', () => {
  test('is stored, told to the chord, to the rest of the chain and to the errbacks, in this order [BK-022]', async () => {
    const happened: string[] = [];
    const { scene, add, sum, same } = setup({
      interceptors: [
        {
          name: 'recorder',
          publish: (call, next) => {
            happened.push(`send ${call.task}`);
            return next(call);
          },
          store: (record, next) => {
            happened.push(`store ${record.taskId}`);
            return next(record);
          },
        },
      ],
    });
    await using _ = scene;
    scene.app.task('fail', (): never => {
      throw new RangeError('broken');
    });
    await (await scene.app.backend()).chords?.openChord('header', 1);
    const chord = sum.s().set({ taskId: 'body' }).serialize();
    const rest = [add.s(1).set({ taskId: 'step' }).serialize()];
    const embed = { callbacks: null, errbacks: [same.s().serialize()], chain: rest, chord };
    const failed = await scene.publishTask('fail', [[], {}, embed], { group: 'header', group_index: 0 });
    await scene.start();
    await scene.line(/same.*succeeded/);
    expect(happened.slice(0, 4)).toEqual([`store ${failed}`, 'store body', 'store step', 'send same']);
    expect((await scene.app.asyncResult('step').record())?.result).toMatchObject({ excMessage: ['broken'] });
    expect((await scene.app.asyncResult('body').record())?.result).toMatchObject({ excType: 'ChordError' });
  });
});

describe('Tasks that ignore their results', () => {
  test('complete their chord all the same; errors are stored where that is asked for [BK-024]', async () => {
    const { scene, sum } = setup();
    await using _ = scene;
    const quiet = scene.app.task('quiet', { ignoreResult: true }, (value: number) => value);
    const fail = (): never => {
      throw new RangeError('broken');
    };
    const silent = scene.app.task('silent', { ignoreResult: true }, fail);
    const loud = scene.app.task('loud', { ignoreResult: true, storeErrorsEvenIfIgnored: true }, fail);
    await scene.start();
    const ids = ['one', 'two'];
    const header = ids.map((taskId, index) => quiet.s(index + 1).set({ taskId }));
    expect(await (await chord(header, sum.s()).delay()).get(soon)).toBe(3);
    const failed = [await silent.delay(), await loud.delay()];
    await scene.line(/silent.*raised/);
    await expect(scene.app.asyncResult(failed[1]?.id ?? '').get(soon)).rejects.toThrow('broken');
    const states = [...ids, ...failed.map(({ id }) => id)].map((id) => scene.app.asyncResult(id).state());
    expect(await Promise.all(states)).toEqual(['PENDING', 'PENDING', 'PENDING', 'FAILURE']);
  });
});
