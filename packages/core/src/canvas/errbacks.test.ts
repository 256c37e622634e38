import { describe, expect, it } from 'vitest';
import { CanvasScene } from '../__fixtures__/canvas-scene.js';
import type { AsyncResult, GroupResult } from '../result/result-handle.js';
import { chain } from './chain.js';
import { chord } from './chord.js';
import { group } from './group.js';
import type { Signature } from './signature.js';

/** A step that needs nothing. */
type Step = Signature<readonly unknown[], unknown, AsyncResult<unknown> | GroupResult<unknown[]>>;

/** What fails in the tests below, and how many tasks of it do. */
const children: readonly (readonly [title: string, build: (scene: CanvasScene) => Step, failing: number])[] = [
  ['a task [CV-271]', ({ fail }) => fail.si('broken'), 1],
  ['a chain, in the middle [CV-272]', ({ fail, same }) => chain(same.si(42), fail.si('broken'), same.si(42)), 1],
  ['a chain, at its end [CV-273]', ({ fail, same }) => chain(same.si(42), fail.si('broken')), 1],
  ['a group [CV-274]', ({ fail, same }) => group([same.si(42), fail.si('broken')]), 1],
  [
    'a group, with several of its members [CV-275]',
    ({ fail, same }) => group([...repeated(8, same.si(42)), ...repeated(42, fail.si('broken'))]),
    42,
  ],
];

function repeated<T>(count: number, value: T): readonly T[] {
  return Array.from({ length: count }, () => value);
}

describe('the errback of a chord, when what fails is', () => {
  it.each(children)('%s', async (_title, build, failing) => {
    const scene = new CanvasScene();
    const { note, same, seen, ran } = scene;
    for (const errback of [note.si('errback'), note.s()]) {
      const isGivenTheId = !errback.immutable;

      seen.length = 0;
      const ofHeader = await chord([build(scene)], same.s())
        .linkError(errback)
        .delay();
      await expect(ofHeader.get()).rejects.toThrow(/^Dependency .* raised .*broken/);
      expect(seen).toEqual([isGivenTheId ? ofHeader.id : 'errback']);

      seen.length = 0;
      ran.length = 0;
      const ofBody = await chord([same.si(42)], build(scene))
        .linkError(errback)
        .delay();
      await expect(ofBody.get()).rejects.toThrow('broken');
      const failed = ran.filter(({ task }) => task === 'fail').map(({ id }) => id);
      expect(failed).toHaveLength(failing);
      expect(seen).toEqual(isGivenTheId ? failed : repeated(failing, 'errback'));
    }
  });
});

describe('an errback', () => {
  it('that is called in place is given the id, and the task has failed all the same; by name, too [CV-161, CV-165]', async () => {
    const { app, fail, seen } = new CanvasScene();
    const result = await fail.s('broken').linkError(app.signature('note')).delay();
    await expect(result.get()).rejects.toThrow('broken');
    expect(await result.state()).toBe('FAILURE');
    expect(seen).toEqual([result.id]);
  });

  it('of a group is that of every member, and given the id of each that fails; as a dictionary, too [CV-077, CV-352]', async () => {
    const { app, fail, same, note, seen } = new CanvasScene();
    for (const errback of [note.s(), app.signature(note.s().serialize())]) {
      seen.length = 0;
      const members = group([same.si(1), fail.s('broken'), fail.s('broken')]);
      const result = await members.linkError(errback).delay();
      await expect(result.get()).rejects.toThrow('broken');
      expect(seen).toEqual(result.results.slice(1).map(({ id }) => id));
    }
  });
});

describe('taskAllowErrorCbOnChordHeader', () => {
  const setup = (): CanvasScene => {
    const scene = new CanvasScene();
    scene.app.conf.taskAllowErrorCbOnChordHeader = true;
    return scene;
  };
  const headersOf = ({ fail, same }: CanvasScene): readonly (readonly [header: Step[], failing: number])[] => {
    const [broken, fine] = [fail.si('broken'), same.si(42)];
    return [
      [[broken], 1],
      [[broken, broken, broken], 3],
      [[broken, fine], 1],
      [[broken, fine, broken, fine], 2],
      [[chain(fine, broken, fine), fine], 1],
      [[group([broken, fine, broken])], 2],
    ];
  };

  it('calls the errback of a chord for each member of its header that fails, and for the body [CV-102, CV-279, ST-182, SD-371]', async () => {
    const scene = setup();
    const { note, seen } = scene;
    for (const [header, failing] of headersOf(scene)) {
      for (const whole of [chord(header, note.si('body')), chord(group(header), note.si('body'))]) {
        seen.length = 0;
        const result = await whole.linkError(note.si('errback')).delay();
        await expect(result.get()).rejects.toThrow('broken');
        expect(seen).toEqual(repeated(failing + 1, 'errback'));
      }
    }
  });

  it('does so for a group that is followed by a step, and for the chain that it is in [CV-281, CV-282]', async () => {
    const scene = setup();
    const { note, same, seen } = scene;
    for (const [header, failing] of headersOf(scene)) {
      const wholes = [chain(group(header), note.si('body')), chain(same.si(42), group(header), note.si('body'))];
      for (const whole of wholes) {
        seen.length = 0;
        const result = await whole.linkError(note.si('errback')).delay();
        await expect(result.get()).rejects.toThrow('broken');
        expect(seen).toEqual(repeated(failing + 1, 'errback'));
      }
    }
  });

  it('links immutable copies to the header, whatever its shape, and the errback itself to the body [CV-370]', async () => {
    const { app, add, note, total, ran } = setup();
    const members = [add.s(1, 1), add.s(2, 2)];
    const dictionary = app.signature(note.s('more').serialize());
    for (const header of [members, [add.s(3, 3)], new Set(members), group(members)]) {
      ran.length = 0;
      await chord(header as typeof members, total.s())
        .linkError(dictionary)
        .delay();
      const errback = dictionary.serialize();
      const linked = ran.filter(({ task }) => task === 'add').map(({ errbacks }) => errbacks);
      expect(linked.length).toBeGreaterThan(0);
      for (const errbacks of linked) expect(errbacks).toEqual([{ ...errback, immutable: true }]);
      expect(ran.at(-1)?.errbacks).toEqual([errback]);
    }
  });

  it('reaches chords in the header of a chord; without it the errback is for the body alone [CV-102]', async () => {
    for (const [scene, calls] of [[setup(), 3] as const, [new CanvasScene(), 1] as const]) {
      const { fail, same, note, seen } = scene;
      const inner = chord([same.si('t1'), fail.si('broken')], same.si('t2'));
      const result = await chord([same.si('t3'), inner], note.si('body'))
        .linkError(note.si('errback'))
        .delay();
      await expect(result.get()).rejects.toThrow('broken');
      // The member that failed, the inner body and the outer one.
      expect(seen).toEqual(repeated(calls, 'errback'));
    }
  });
});
