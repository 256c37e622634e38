import { type AnySignature, chain, chord, type Complete, type Ctq, group } from '@ctq/core';
import { describe, expect, test } from 'vitest';
import { ReplacingScene } from './__fixtures__/replacing-scene.js';

const soon = { timeout: 10 };

async function started(): Promise<ReplacingScene> {
  const scene = new ReplacingScene();
  await scene.start();
  return scene;
}

interface Sendable {
  delay(): Promise<{ get(options: typeof soon): Promise<unknown> }>;
}

/** Workflows of Celery's own suite (t/integration/test_canvas.py) and what they result in. */
const workflows: readonly (readonly [title: string, build: (scene: ReplacingScene) => Sendable, result: unknown])[] = [
  ['alone [CV-206]', ({ replacedByChain }) => replacedByChain.s(42), 42],
  ['as the first step of a chain [CV-207]', ({ replacedByChain, same }) => chain(replacedByChain.si(42), same.s()), 42],
  [
    'in the middle of a chain [CV-207]',
    ({ replacedByChain, same }) => chain(same.s(42), replacedByChain.s(), same.s()),
    42,
  ],
  ['as the last step of a chain [CV-207]', ({ replacedByChain, same }) => chain(same.s(42), replacedByChain.s()), 42],
  [
    'as the first member of a group [CV-239]',
    ({ replacedByChain, same }) => group([replacedByChain.si(42), same.s(1337)]),
    [42, 1337],
  ],
  [
    'as a member in the middle of a group [CV-239]',
    ({ replacedByChain, same }) => group([same.s(42), replacedByChain.s(1337), same.s(31337)]),
    [42, 1337, 31337],
  ],
  [
    'as the last member of a group [CV-239]',
    ({ replacedByChain, same }) => group([same.s(42), replacedByChain.s(1337)]),
    [42, 1337],
  ],
  ['as the header of a chord [CV-276]', ({ replacedByChain, same }) => chord([replacedByChain.si(42)], same.s()), [42]],
  [
    'as the first member of a header [CV-276]',
    ({ replacedByChain, same }) => chord([replacedByChain.si(42), same.s(1337)], same.s()),
    [42, 1337],
  ],
  [
    'as a member in the middle of a header [CV-276]',
    ({ replacedByChain, same }) => chord([same.s(42), replacedByChain.s(1337), same.s(31337)], same.s()),
    [42, 1337, 31337],
  ],
  [
    'as the last member of a header [CV-276]',
    ({ replacedByChain, same }) => chord([same.s(42), replacedByChain.s(1337)], same.s()),
    [42, 1337],
  ],
  ['as the body of a chord [CV-277]', ({ replacedByChain, same }) => chord([same.s(42)], replacedByChain.s()), [42]],
  [
    'as the first step of a body [CV-277]',
    ({ replacedByChain, same }) => chord([same.s(42)], chain(replacedByChain.s(), same.s())),
    [42],
  ],
  [
    'in the middle of a body [CV-277]',
    ({ replacedByChain, same }) => chord([same.s(42)], chain(same.s(), replacedByChain.s(), same.s())),
    [42],
  ],
  [
    'as the last step of a body [CV-277]',
    ({ replacedByChain, same }) => chord([same.s(42)], chain(same.s(), replacedByChain.s())),
    [42],
  ],
];

describe('A task that is replaced by a chain results in what that results in', () => {
  test.each(workflows)('%s', async (_title, build, result) => {
    await using scene = await started();
    expect(await (await build(scene).delay()).get(soon)).toEqual(result);
  });
});

describe('A task that is replaced by a group', () => {
  test('results in the list [CV-117]', async () => {
    await using scene = await started();
    const result = await scene.addToAll.delay([1, 2, 3], 10);
    expect(await result.get(soon)).toEqual([11, 12, 13]);
    expect(scene.ran.at(-1)).toMatchObject({ task: 'celery.accumulate', id: result.id, kwargs: { index: 0 } });
  });

  test('results in the list, too, where the group is the end of a chain', async () => {
    await using scene = await started();
    const spread = scene.app.task('spread', { bind: true }, (ctx) =>
      ctx.replace(chain(scene.same.s(2), group([scene.same.s(), scene.add.s(3)]))),
    );
    expect(await (await chain(spread.si(), scene.same.s()).delay()).get(soon)).toEqual([2, 5]);
  });

  test('results in the list of what chunks give', async () => {
    await using scene = await started();
    const inChunks = scene.app.task('inChunks', { bind: true }, (ctx) =>
      ctx.replace(scene.same.chunks([[1], [2], [3]], 2)),
    );
    expect(await (await inChunks.delay()).get(soon)).toEqual([[1, 2], [3]]);
  });

  test('keeps its place in a group of twenty [CV-240, CV-359]', async () => {
    await using scene = await started();
    const pairs = Array.from({ length: 10 }, () => [scene.addToAll.s([2, 1], 1), scene.addToAll.s([4, 3], 1)]).flat();
    const expected = Array.from({ length: 10 }, () => [
      [3, 2],
      [5, 4],
    ]).flat();
    expect(await (await group(pairs).delay()).get(soon)).toEqual(expected);
  });

  test('is one member of its chord, and chords of such chords are computed [CV-244]', async () => {
    await using scene = await started();
    const { add, addReplaced, addToAll, sum } = scene;
    const inner = (members: readonly AnySignature[], y: number) => chain(chord(members, addToAll.s(y)), sum.s());
    const first = inner([add.s(1, 2), addReplaced.s(3, 4)], 5);
    const second = inner([addReplaced.s(6, 7), add.s(0, 0)], 8);
    expect(await (await chord([first, second], addToAll.s(9)).delay()).get(soon)).toEqual([29, 38]);
  });
});

describe('A replacement', () => {
  test('has the id and the place of the task, which ends without a word [CV-116]', async () => {
    await using scene = await started();
    const { addReplaced, same, note, ran, lines } = scene;
    const member = addReplaced.s(1, 2).link(note.s()).linkError(note.s());
    const result = await chord([chain(same.si(0), member.asImmutable()), same.s(5)], same.s()).delay();
    expect(await result.get(soon)).toEqual([3, 5]);
    const replaced = ran.find(({ task }) => task === 'addReplaced');
    const replacement = ran.find(({ task }) => task === 'add');
    const { id, group: groupId, groupIndex, rootId, parentId, chord: body, callbacks, errbacks } = replaced ?? {};
    expect([groupIndex, callbacks, errbacks].map((value) => value == null)).toEqual([false, false, false]);
    expect(replacement).toMatchObject({
      ...{ id, group: groupId, groupIndex, rootId, parentId, chord: body, callbacks, errbacks },
      ...{ retries: 0, replacedTaskNesting: 1 },
    });
    expect(lines.map(({ message }) => message)).toContain(`Task addReplaced[${id}] ignored`);
    expect(await scene.app.asyncResult(id as string).get(soon)).toBe(3);
    await scene.idle();
    await scene.line(/note.*succeeded/);
    expect(await scene.waiting()).toBe(0);
  });

  test('of a task that nobody called has no parent either', async () => {
    await using scene = await started();
    await (await scene.addReplaced.delay(1, 2)).get(soon);
    expect(scene.ran.map(({ id, rootId, parentId }) => [rootId === id, parentId])).toEqual([
      [true, null],
      [true, null],
    ]);
  });

  test('of several steps begins with what the task has sent: it is their parent', async () => {
    await using scene = await started();
    const result = await scene.addToAll.delay([1, 2], 10);
    await result.get(soon);
    const { id } = result;
    const [, first, second, last] = scene.ran;
    expect([first?.parentId, second?.parentId]).toEqual([id, id]);
    expect([first?.id, second?.id]).toContain(last?.parentId);
    expect(scene.ran.map(({ rootId }) => rootId)).toEqual([id, id, id, id]);
  });

  test('has its own queue, priority and limits, and none of the headers of the task unless settings say so', async () => {
    const seen: unknown[] = [];
    for (const settings of [{}, { taskInheritParentHeaders: true, taskInheritParentPriority: true }]) {
      await using scene = new ReplacingScene(settings);
      await scene.start();
      const options = { headers: { tenant: 'blue' }, priority: 7, timeLimit: 60 };
      await (await scene.addReplaced.applyAsync([1, 2], options)).get(soon);
      const { message } = scene.sent.at(-1) ?? {};
      seen.push([message?.headers['tenant'], message?.properties.priority, message?.headers['timelimit']]);
    }
    expect(seen).toEqual([
      [undefined, 0, [null, null]],
      ['blue', 7, [null, null]],
    ]);
  });

  test('says how deep it is, as do its steps and what is to follow it [CV-120]', async () => {
    await using scene = await started();
    const { replacedByChain, same, app, ran } = scene;
    const twice = app.task('twice', { bind: true }, (ctx, value: unknown) => ctx.replace(replacedByChain.s(value)));
    const parts = app.task('parts', { bind: true }, (ctx, value: unknown) =>
      ctx.replace(chord([same.s(value), chain(same.si(1), same.s())], same.s())),
    );
    await (await chain(twice.s(42), same.s()).delay()).get(soon);
    expect(ran.map(({ task, replacedTaskNesting }) => [task, replacedTaskNesting])).toEqual([
      ['twice', 0],
      ['replacedByChain', 1],
      ['same', 2],
      ['same', 2],
      ['same', 2],
    ]);
    ran.length = 0;
    await (await parts.delay(1)).get(soon);
    expect(ran.map(({ replacedTaskNesting }) => replacedTaskNesting)).toEqual([0, 1, 1, 1, 1]);
  });

  test('has the stamps of the task, and below them nothing is lost of its own [CV-123, CV-138, CV-293]', async () => {
    await using scene = await started();
    const { app, same, add, ran } = scene;
    const stamping = app.task('stamping', { bind: true }, (ctx) =>
      ctx.replace(chain(same.si(1), add.s(2).set({ stamps: { order: 17, tenant: 'green' } }))),
    );
    await (await stamping.applyAsync([], { stamps: { tenant: 'blue' } })).get(soon);
    expect(ran.map(({ stampedHeaders, stamps }) => [stampedHeaders, stamps])).toEqual([
      [['tenant'], { tenant: 'blue' }],
      [['tenant'], { tenant: 'blue' }],
      [['order', 'tenant'], { tenant: 'green', order: 17 }],
    ]);
  });

  test.each(['group', 'chord', 'chain'] as const)(
    'that is a %s has the stamps of the task on each of its calls, and what is linked to those its own [CV-390]',
    async (kind) => {
      await using scene = await started();
      const { app, same, note, ran } = scene;
      const stamping = app.task('stamping', { bind: true }, (ctx) => {
        const linked = same.si(1).link(note.si('link').set({ stamps: { own: true } }));
        if (kind === 'group') return ctx.replace(group([linked, same.si(2)]));
        return ctx.replace(kind === 'chord' ? chord([linked, same.si(2)], same.s()) : chain(linked, same.s()));
      });
      const stamped = stamping.s().stamp({ onSignature: () => ({ header: 'value' }) });
      await (await stamped.delay()).get(soon);
      await scene.noted(1);
      const calls = ran.filter(({ task }) => task !== 'note');
      expect(calls.length).toBe(kind === 'chain' ? 3 : 4);
      for (const { stampedHeaders, stamps } of calls)
        expect([stampedHeaders, stamps]).toEqual([['header'], { header: 'value' }]);
      expect(ran.find(({ task }) => task === 'note')?.stamps).toMatchObject({ own: true });
    },
  );

  test('is what onReplace makes of it [CV-122, TR-074]', async () => {
    await using scene = await started();
    const { app, same, ran } = scene;
    const hooked = app.task(
      'hooked',
      {
        bind: true,
        onReplace: (signature, ctx) => signature.set({ stamps: { instead: ctx.request.task } }),
      },
      (ctx, value: unknown) => ctx.replace(same.s(value)),
    );
    const refusing = app.task(
      'refusing',
      {
        bind: true,
        onReplace: () => {
          throw new RangeError('not now');
        },
      },
      (ctx) => ctx.replace(same.s(1)),
    );
    expect(await (await hooked.delay(42)).get(soon)).toBe(42);
    expect(ran.at(-1)?.stamps).toEqual({ instead: 'hooked' });
    await expect((await refusing.delay()).get(soon)).rejects.toThrow('not now');
  });

  test('may be replaced in turn: what follows keeps its order [CV-177]', async () => {
    await using scene = await started();
    const { app, note, seen } = scene;
    const second = app.task('second', { bind: true }, (ctx, isOver: boolean): unknown => {
      seen.push(isOver ? 'out B' : 'in B');
      return isOver ? null : ctx.replace(chain(note.si('C'), second.si(true)));
    });
    const first = app.task('first', { bind: true }, (ctx, isOver: boolean): unknown => {
      seen.push(isOver ? 'out A' : 'in A');
      return isOver ? null : ctx.replace(chain(second.si(false), first.si(true)));
    });
    await (await first.delay(false)).get(soon);
    expect(seen).toEqual(['in A', 'in B', 'C', 'out B', 'out A']);
  });

  test.each<[string, (app: Ctq) => ReturnType<Ctq['signature']>, RegExp]>([
    [
      'that is part of a chord [CV-118]',
      (app) => app.signature({ ...app.signature('same', [1]).serialize(), options: { chord: body } }),
      /A signature replacing a task must not be part of a chord/,
    ],
    [
      'that is an empty chain [CV-118, CV-199]',
      (app) => app.signature({ ...body, task: 'celery.chain', kwargs: { tasks: [] }, subtask_type: 'chain' }),
      /Cannot replace with an empty chain/,
    ],
  ])('%s is refused: the task has failed', async (_which, make, message) => {
    await using scene = await started();
    const { app, same } = scene;
    const refused = app.task('refused', { bind: true }, (ctx) => ctx.replace(make(app)));
    const error = await (await chain(same.s(1), refused.si()).delay()).get(soon).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'ConfigurationError', message: expect.stringMatching(message) });
  });

  test('that is no signature is refused', async () => {
    await using scene = await started();
    const confused = scene.app.task('confused', { bind: true }, (ctx) => ctx.replace(scene.same.delay(1) as never));
    await expect((await confused.delay()).get(soon)).rejects.toThrow(/Not a signature/);
  });
});

const body = { task: 'same', args: [], kwargs: {}, options: {}, subtask_type: null, immutable: false };

describe('What follows a task that is replaced', () => {
  test('follows the replacement: its own callback first, then that of the task [CV-119]', async () => {
    await using scene = await started();
    const { app, same, note, ran } = scene;
    const linked = app.task('linked', { bind: true }, (ctx, value: string) =>
      ctx.replace(same.s(value).link(note.si('own'))),
    );
    await linked.applyAsync(['x'], { link: note.s() });
    await scene.noted(2);
    expect(scene.seen).toEqual(['own', 'x']);
    expect(ran.find(({ task }) => task === 'same')?.callbacks?.map(({ immutable }) => immutable)).toEqual([
      true,
      false,
    ]);
  });

  test('goes on when a chain with a callback of its own is over [CV-119, CV-194]', async () => {
    await using scene = await started();
    const { same, replacedByChain, add, seen } = scene;
    const steps = chain(same.s('Hello '), replacedByChain.s('inner'), add.s('world'));
    expect(await (await steps.delay()).get(soon)).toBe('Hello world');
    await scene.noted(1);
    expect(seen).toEqual(['inner']);
  });

  test('fails when a chain with an errback of its own fails, which is told [CV-195]', async () => {
    await using scene = await started();
    const { same, replacedByBrokenChain, add, seen } = scene;
    const steps = chain(same.s('Hello '), replacedByBrokenChain.s('inner'), add.s('never'));
    await expect((await steps.delay()).get(soon)).rejects.toThrow('expected');
    await scene.noted(1);
    await scene.idle();
    expect(seen).toEqual(['inner']);
  });

  test('and the callbacks of both chains, run once each [CV-196]', async () => {
    await using scene = await started();
    const { same, replacedByChain, add, note, seen } = scene;
    const steps = chain(same.s('Hello '), replacedByChain.s('inner'), add.s('world'));
    expect(await (await steps.link(note.s()).delay()).get(soon)).toBe('Hello world');
    await scene.noted(2);
    await scene.idle();
    expect(new Set(seen)).toEqual(new Set(['Hello world', 'inner']));
    expect(seen).toHaveLength(2);
  });

  test('and the errbacks of both chains, run once each [CV-198]', async () => {
    await using scene = await started();
    const { same, replacedByBrokenChain, add, note, seen } = scene;
    const steps = chain(same.s('Hello '), replacedByBrokenChain.s('inner'), add.s('never'));
    await expect((await steps.linkError(note.si('outer')).delay()).get(soon)).rejects.toThrow('expected');
    await scene.noted(2);
    await scene.idle();
    expect(new Set(seen)).toEqual(new Set(['inner', 'outer']));
    expect(seen).toHaveLength(2);
  });

  test('has the links of a chain that was an inner one [CV-197]', async () => {
    await using scene = await started();
    const { same, add, note, seen } = scene;
    const inner = chain(same.s('a'), add.s('b')).link(note.si('inner'));
    const flat = chain(inner, add.s('c'));
    expect(await (await flat.delay()).get(soon)).toBe('abc');
    await scene.noted(1);
    expect(seen).toEqual(['inner']);
  });
});

describe('A chord with a member that was replaced', () => {
  test.each<[string, (scene: ReplacingScene) => Complete<unknown>]>([
    ['by a chain that breaks before its end', ({ fail, same }) => chain(fail.si(), same.s())],
    ['by a group with a member that fails', ({ fail, same }) => group([same.s(1), fail.si()])],
    ['by a chord whose body fails', ({ fail, same }) => chord([same.s(1)], fail.s())],
  ])('%s, fails', async (_how, make) => {
    await using scene = await started();
    const { app, same } = scene;
    const replaced = app.task('replaced', { bind: true }, (ctx) => ctx.replace(make(scene)));
    const result = await chord([same.s('x'), replaced.s()], same.s()).delay();
    await expect(result.get(soon)).rejects.toThrow(/raised .*expected/);
  });
});

describe('Continuations run once where a task was replaced:', () => {
  const answer = 42 + 1337;

  test.each<[string, (scene: ReplacingScene) => Sendable, unknown]>([
    [
      'the callback of a chain [CV-202]',
      ({ addReplaced, same, note }) => chain(addReplaced.si(42, 1337), same.s()).link(note.si('once')),
      answer,
    ],
    [
      'the callback of a step [CV-204]',
      ({ addReplaced, same, note }) => chain(addReplaced.si(42, 1337).link(note.si('once')), same.s()),
      answer,
    ],
    [
      'the callback of a group [CV-235]',
      ({ addReplaced, same, note }) => group([addReplaced.si(42, 1337), same.si(31337)]).link(note.si('once')),
      [answer, 31337],
    ],
    [
      'the callback of a member [CV-237]',
      ({ addReplaced, same, note }) => group([addReplaced.si(42, 1337).link(note.si('once')), same.si(31337)]),
      [answer, 31337],
    ],
  ])('%s', async (_title, build, result) => {
    await using scene = await started();
    expect(await (await build(scene).delay()).get(soon)).toEqual(result);
    await scene.noted(1);
    await scene.idle();
    expect(scene.seen).toEqual(['once']);
  });

  test.each<[string, (scene: ReplacingScene) => Sendable]>([
    [
      'the errback of a chain [CV-203]',
      ({ addReplaced, fail, note }) => chain(addReplaced.si(42, 1337), fail.s()).linkError(note.si('once')),
    ],
    [
      'the errback of a step [CV-205]',
      ({ failReplaced, same, note }) => chain(failReplaced.si().linkError(note.si('once')), same.si(42)),
    ],
    [
      'the errback of a group [CV-236]',
      ({ addReplaced, fail, note }) => group([addReplaced.si(42, 1337), fail.si()]).linkError(note.si('once')),
    ],
    [
      'the errback of a member [CV-238]',
      ({ failReplaced, same, note }) => group([failReplaced.si().linkError(note.si('once')), same.si(42)]),
    ],
  ])('%s', async (_title, build) => {
    await using scene = await started();
    await expect((await build(scene).delay()).get(soon)).rejects.toThrow('expected');
    await scene.noted(1);
    await scene.idle();
    expect(scene.seen).toEqual(['once']);
  });
});

describe('A task that was replaced and is delivered again', () => {
  test('sends the same replacement under the same ids, all of them', async () => {
    await using scene = await started();
    const { app, same, sum, sent } = scene;
    const parts = app.task('parts', { bind: true }, (ctx) =>
      ctx.replace(chain(same.s(1), group([same.s(), same.si(2)]), sum.s())),
    );
    const result = await parts.delay();
    expect(await result.get(soon)).toBe(3);
    const ids = sent.map(({ id }) => id);
    const [first] = sent;
    await scene.publish(first?.message ?? {});
    await scene.line(/parts.*ignored/);
    sent.shift();
    while (sent.length < 2 * ids.length - 2) await new Promise((resolve) => setImmediate(resolve));
    expect(sent.slice(ids.length - 1).map(({ id }) => id)).toEqual(ids.slice(1));
    expect(new Set(ids).size).toBe(ids.length - 1);
  });

  test('is counted once by its chord, whatever takes its place the second time', async () => {
    await using scene = new ReplacingScene();
    const { app, same, sent } = scene;
    let runs = 0;
    const moody = app.task('moody', { bind: true }, (ctx) => {
      runs += 1;
      return ctx.replace(runs === 1 ? chain(same.s(1), same.s()) : same.s(2));
    });
    const result = await chord([moody.si(), scene.note.s('last')], same.s()).delay();
    const message = sent.find(({ task }) => task === 'moody')?.message ?? {};
    await scene.publish(message);
    await scene.start({ concurrency: 1 });
    const [first, last] = (await result.get(soon)) as unknown[];
    expect([[1, 2].includes(first as number), last]).toEqual([true, 'last']);
    expect(runs).toBe(2);
  });
});
