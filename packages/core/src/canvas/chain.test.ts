import { describe, expect, it } from 'vitest';
import { CanvasScene } from '../__fixtures__/canvas-scene.js';
import { chain } from './chain.js';
import { chord } from './chord.js';
import { group } from './group.js';

describe('chains of chains', () => {
  it('are one chain, of which the first step is sent and the rest travels reversed [CV-028, CV-032, CV-033, CV-323]', async () => {
    const { add, ran } = new CanvasScene();
    const pair = chain(add.s(1, 1), add.s(2));
    expect(pair.kind).toBe('chain');
    const result = await chain(pair, chain(add.s(3), add.s(4))).delay();
    expect(await result.get()).toBe(11);
    expect(ran.map(({ args }) => args.at(-1))).toEqual([1, 2, 3, 4]);
    expect(ran[0]?.chain?.map((step) => [step.task, ...step.args])).toEqual([
      ['add', 4],
      ['add', 3],
      ['add', 2],
    ]);
    expect(ran.map(({ chain: rest }) => rest?.length)).toEqual([3, 2, 1, 0]);
  });

  it('keep the links of the inner one: link at its last step, linkError at each [CV-029, CV-197, CV-342]', async () => {
    const { add, note, seen, ran } = new CanvasScene();
    const inner = chain(add.s(2), add.s(3)).link(note.s()).linkError(note.s());
    const result = await chain(add.s(1, 1), inner, add.s(4)).delay();
    expect(await result.get()).toBe(11);
    expect(seen).toEqual([7]);
    const steps = ran.filter(({ task }) => task === 'add');
    expect(steps.map(({ callbacks }) => callbacks?.length ?? 0)).toEqual([0, 0, 1, 0]);
    expect(steps.map(({ errbacks }) => errbacks?.length ?? 0)).toEqual([0, 1, 1, 0]);
  });

  it('give what they are called with to the first step of all [CV-262]', async () => {
    const { same, add, ran } = new CanvasScene();
    const result = await chain(chain(same.s(), same.s())).delay(1);
    expect(await result.get()).toBe(1);
    ran.length = 0;
    await chain(chain(add.s(1), add.s(2)), add.s(3)).delay(10);
    expect(ran.map(({ args }) => args)).toEqual([
      [10, 1],
      [11, 2],
      [13, 3],
    ]);
  });

  it('of explicit chords stay flat, and grow by the same size with each [CV-039]', async () => {
    const sizeOf = async (count: number): Promise<number> => {
      const { app, add, total, ran } = new CanvasScene();
      const one = chord([add.s(1), add.s(2)], total.s());
      const steps = Array.from({ length: count }, () => one.serialize());
      await app
        .signature({
          task: 'celery.chain',
          args: [],
          kwargs: { tasks: [add.s(1, 1).serialize(), ...steps] },
          options: {},
          subtask_type: 'chain',
          immutable: false,
        })
        .delay();
      expect(ran[0]?.chain?.map((step) => step.subtask_type)).toEqual(Array.from({ length: count }, () => 'chord'));
      return JSON.stringify(ran[0]?.chain).length;
    };
    const [three, four, five] = [await sizeOf(3), await sizeOf(4), await sizeOf(5)];
    expect(five - four).toBe(four - three);
  });
});

describe('a chain with groups and chords', () => {
  it('that ends in a group has its list of results [CV-031, CV-193]', async () => {
    const { add } = new CanvasScene();
    const workflow = chain(add.s(1, 1), group([add.s(1), add.s(2)]));
    expect(workflow.kind).toBe('chain');
    const result = await workflow.delay();
    expect(await result.get()).toEqual([3, 4]);
    expect(result).toMatchObject({ results: [{}, {}] });
  });

  it('makes a chord of a group that is followed by a step [CV-327]', async () => {
    const { add, total, ran } = new CanvasScene();
    const result = await chain(add.s(1, 1), group([add.s(1), add.s(2)]), total.s()).delay();
    expect(await result.get()).toBe(7);
    expect(ran[0]?.chain).toMatchObject([{ task: 'celery.chord', kwargs: { body: { task: 'total' } } }]);
    expect(ran.slice(1, 3).map(({ chord: body }) => body?.task)).toEqual(['total', 'total']);
  });

  it('makes the second of two groups the body of the first [CV-055]', async () => {
    const { add, total, ran } = new CanvasScene();
    const result = await chain(group([add.s(1, 1), add.s(2, 2)]), group([total.s(), total.s()])).delay();
    expect(await result.get()).toEqual([6, 6]);
    expect(ran[0]?.chord).toMatchObject({
      task: 'celery.group',
      kwargs: { tasks: [{ task: 'total' }, { task: 'total' }] },
    });
    expect(result.asTuple()[1]).toHaveLength(2);
    expect(result.parent?.asTuple()[1]).toHaveLength(2);
  });

  it('goes on after a chord with a step, a chain or a group [CV-036, CV-038, CV-043, CV-045, CV-328]', async () => {
    const { add, total } = new CanvasScene();
    const start = chord([add.s(1, 1), add.s(2, 2)], total.s());
    expect(await (await chain(start, add.s(1)).delay()).get()).toBe(7);
    expect(await (await chain(start, chain(add.s(1), add.s(2))).delay()).get()).toBe(9);
    expect(await (await chain(start, group([add.s(1), add.s(2)])).delay()).get()).toEqual([7, 8]);
    const after = chain(add.s(1, 1), group([add.s(1), add.s(2)]), total.s());
    expect(await (await chain(after, add.s(1)).delay()).get()).toBe(8);
    expect(await (await chain(after, group([add.s(1), add.s(2)])).delay()).get()).toEqual([8, 9]);
  });

  it('links the results back from the body to the header to the first step [CV-339]', async () => {
    const { add, total } = new CanvasScene();
    const result = await chain(add.s(1, 1), chord([add.s(1), add.s(2)], total.s())).delay();
    expect(await result.get()).toBe(7);
    const header = result.parent;
    expect(await header?.get()).toEqual([3, 4]);
    expect(header).toMatchObject({ results: [{}, {}] });
    expect(await header?.parent?.get()).toBe(2);
    expect(header?.parent).toMatchObject({ parent: undefined });
  });

  /** The stages of a workflow, each in any order within itself. */
  const stages = (seen: readonly unknown[], ...sizes: readonly number[]): unknown[][] => {
    let from = 0;
    return sizes.map((size) =>
      seen
        .slice(from, (from += size))
        .map(String)
        .sort(),
    );
  };

  it('runs every stage once and after the one before: groups only [CV-175, CV-209, CV-212]', async () => {
    const { note, seen } = new CanvasScene();
    const noted = (...names: string[]) => names.map((name) => note.si(name));
    await chain(
      group(noted('1', '2', '3')),
      group(noted('4', '5', '6')),
      group(noted('7')),
      group(noted('8')),
      note.si('9'),
      note.si('done'),
    ).delay();
    expect(stages(seen, 3, 3, 1, 1, 1, 1)).toEqual([['1', '2', '3'], ['4', '5', '6'], ['7'], ['8'], ['9'], ['done']]);
    seen.length = 0;
    await chain(group(noted('a', 'b', 'c')), note.si('connect'), group(noted('d', 'e')), note.si('end')).delay();
    expect(stages(seen, 3, 1, 2, 1)).toEqual([['a', 'b', 'c'], ['connect'], ['d', 'e'], ['end']]);
    for (const last of [note.si('done'), group(noted('done'))]) {
      seen.length = 0;
      await chain(group(noted('1', '2')), group(noted('3', '4', '5')), group(noted('6', '7', '8', '9')), last).delay();
      expect(stages(seen, 2, 3, 4, 1)).toEqual([['1', '2'], ['3', '4', '5'], ['6', '7', '8', '9'], ['done']]);
    }
  });

  it('runs every stage once and after the one before: from a chord whose body is a group [CV-210, CV-211, CV-215]', async () => {
    const { note, seen } = new CanvasScene();
    const noted = (...names: string[]) => names.map((name) => note.si(name));
    const start = chord(noted('1', '2', '3'), group(noted('4', '5', '6')));
    await chain(start, group(noted('7')), group(noted('8')), note.si('9'), note.si('done')).delay();
    expect(stages(seen, 3, 3, 1, 1, 1, 1)).toEqual([['1', '2', '3'], ['4', '5', '6'], ['7'], ['8'], ['9'], ['done']]);
    seen.length = 0;
    await chain(start, note.si('7'), group(noted('8')), note.si('9'), note.si('done')).delay();
    expect(stages(seen, 3, 3, 1, 1, 1, 1)).toEqual([['1', '2', '3'], ['4', '5', '6'], ['7'], ['8'], ['9'], ['done']]);
    seen.length = 0;
    const upgraded = chain(group(noted('a', 'a')), group(noted('a', 'a')));
    await chain(upgraded, chain(note.si('a'), note.si('b'))).delay();
    expect(seen).toEqual(['a', 'a', 'a', 'a', 'a', 'b']);
  });
});

describe('a chain of one step', () => {
  it('is that step: its result, which has no parent [CV-168, CV-171, CV-335]', async () => {
    const { add } = new CanvasScene();
    const result = await chain(add.s(1, 1)).delay();
    expect([await result.get(), result.parent]).toEqual([2, undefined]);
    expect(await (await chain(chain(add.s(40, 2))).delay()).get()).toBe(42);
  });

  it('is that group [CV-058, CV-191, CV-341]', async () => {
    const { same } = new CanvasScene();
    const result = await chain(group([same.s(42), same.s(43)])).delay();
    expect(await result.get()).toEqual([42, 43]);
    expect(result).toMatchObject({ results: [{}, {}] });
    expect(await (await chain(same.s(42)).delay()).get()).toBe(42);
  });
});

describe('the ids of a chain', () => {
  it('are fixed before it is sent, and linked backwards; its own is that of its last step [CV-062, CV-213, CV-322]', async () => {
    const { add, ran } = new CanvasScene();
    const result = await chain(add.s(1, 1), add.s(2), add.s(3)).delay();
    const second = result.parent;
    const first = second?.parent;
    expect([first?.id, second?.id, result.id]).toEqual(ran.map(({ id }) => id));
    expect(first?.parent).toBeUndefined();
    expect(ran[0]?.chain?.map(({ options }) => options['task_id'])).toEqual([result.id, second?.id]);
  });

  it('say the first step as root and the step before as parent [CV-178]', async () => {
    const { where } = new CanvasScene();
    const links = [where.si(), where.si(), where.si(), where.si()] as const;
    let result: Awaited<ReturnType<(typeof links)[0]['delay']>> | undefined = await chain(...links).delay();
    const places: unknown[] = [];
    const ids: string[] = [];
    while (result !== undefined) {
      places.unshift(await result.get());
      ids.unshift(result.id);
      result = result.parent as typeof result;
    }
    expect(places).toEqual(ids.map((_, index) => ({ rootId: ids[0], parentId: ids[index - 1] ?? null })));
  });

  it('and its place in a chord are those of the last step only [CV-063]', async () => {
    const { add, total, ran } = new CanvasScene();
    await chord([chain(add.s(1, 1), add.s(2)), add.s(3, 3)], total.s()).delay();
    const [start, end] = [ran.find(({ args }) => args[1] === 1), ran.find(({ args }) => args[1] === 2)];
    expect([start?.group, start?.groupIndex, start?.chord]).toEqual([null, null, null]);
    expect([end?.groupIndex, end?.chord?.task]).toEqual([0, 'total']);
    expect(end?.group).toBe(ran.find(({ args }) => args[1] === 3)?.group);
  });
});

describe('a step that', () => {
  it('fails is not followed, and every result from it on fails with its error [CV-154, CV-172, CV-201]', async () => {
    const { add, fail, note, seen } = new CanvasScene();
    const broken = fail.si('broken').linkError(note.si('errback'));
    const result = await chain(add.s(1, 2), broken, broken, add.s(4)).delay();
    await expect(result.get()).rejects.toThrow('broken');
    await expect(result.parent?.get()).rejects.toThrow('broken');
    await expect(result.parent?.parent?.get()).rejects.toThrow('broken');
    expect(seen).toEqual(['errback']);
  });

  it('ignores or rejects itself is not followed: the last result stays PENDING [CV-068, CV-071, CV-334]', async () => {
    const { add, ignore, reject, ran } = new CanvasScene();
    for (const step of [ignore.si(), reject.si()]) {
      ran.length = 0;
      const result = await chain(add.s(1, 1), step, add.s(1), add.s(2)).delay();
      expect(await result.state()).toBe('PENDING');
      expect(ran).toHaveLength(2);
    }
  });

  it('has callbacks has each of them called [CV-200]', async () => {
    const { same, note, seen } = new CanvasScene();
    const step = same.si(1337).link(note.s());
    expect(await (await chain(step, step, step, step).delay()).get()).toBe(1337);
    expect(seen).toEqual([1337, 1337, 1337, 1337]);
  });

  it('has an errback keeps it in the chain [CV-314]', async () => {
    const { fail, add, note, seen } = new CanvasScene();
    const result = await chain(fail.s('broken').linkError(note.s()), add.s(1)).delay();
    expect(seen).toEqual([result.parent?.id]);
  });

  it('is a chord takes the errback of the chain for its body [CV-345]', async () => {
    const { fail, total, note, seen } = new CanvasScene();
    const result = await chain(group([fail.s('broken'), fail.s('too')]), total.s())
      .linkError(note.s())
      .delay();
    await expect(result.get()).rejects.toThrow('Dependency');
    expect(seen).toEqual([result.id]);
  });
});
