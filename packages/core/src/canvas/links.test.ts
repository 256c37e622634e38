import { describe, expect, it } from 'vitest';
import { CanvasScene } from '../__fixtures__/canvas-scene.js';
import { chain } from './chain.js';
import { chord } from './chord.js';
import { group } from './group.js';
import type { SerializedSignature } from './serialized-signature.js';

describe('the callback of a workflow', () => {
  it('of a group is that of the end of its first member, whatever that is', async () => {
    const { add, same, total, note, seen, ran } = new CanvasScene();
    const firsts = [
      chain(add.si(0, 1), add.s(1)),
      chord([same.si(1), same.si(2)], total.s() as never),
      chain(group([same.si(1)]), same.s()),
      group([chain(add.si(0, 1), add.s(1))]),
      group([same.si(1).link(same.s())]),
    ];
    for (const first of firsts) {
      seen.length = 0;
      ran.length = 0;
      await group([first, same.si('second')])
        .link(note.si('linked'))
        .delay();
      expect(seen).toEqual(['linked']);
      const calling = ran.filter(({ callbacks }) => callbacks?.some(({ task }) => task === 'note'));
      expect(calling.map(({ id }) => id)).toEqual([ran.find(({ task }) => task === 'note')?.parentId]);
    }
  });

  it('of a group in a header, and of chunks, is called as elsewhere', async () => {
    const { same, add, note, seen } = new CanvasScene();
    const inner = group([same.si(1), same.si(2)]).link(note.si('of the group'));
    const chunks = add.chunks([[1, 1]], 1).link(note.si('of the chunks'));
    const result = await chord([inner, chunks, same.si(3)], same.s() as never).delay();
    expect(await result.get()).toEqual([1, 2, [2], 3]);
    expect(seen).toEqual(['of the group', 'of the chunks']);
  });

  it('of a chord whose body is a group is called with nothing, and not by what follows the chord', async () => {
    const { same, note, seen } = new CanvasScene();
    const spread = chord([same.si(1)], group([same.s(), same.s()]) as never);
    await chain(spread.link(note.si('linked')), note.s() as never).delay();
    expect(seen).toEqual(['linked', [[1], [1]]]);
  });

  it('of a chord with nothing in its header is that of its body', async () => {
    const { same, note, seen } = new CanvasScene();
    await chord([], chain(same.s(), same.s()) as never)
      .link(note.s() as never)
      .delay();
    expect(seen).toEqual([[]]);
  });
});

describe('the errback of a workflow', () => {
  it('of a group is called by the step of a member that fails', async () => {
    const { same, fail, note, seen } = new CanvasScene();
    for (const member of [chain(same.si(1), fail.si('broken'), same.s()), group([fail.si('broken')])]) {
      seen.length = 0;
      const result = await group([same.si(1), member])
        .linkError(note.si('errback'))
        .delay();
      await expect(result.get()).rejects.toThrow('broken');
      expect(seen).toEqual(['errback']);
    }
  });

  it('of a group in a header is called for each of its members that fails', async () => {
    const { same, fail, note, seen } = new CanvasScene();
    const inner = group([fail.si('broken'), same.si(1), fail.si('broken')]).linkError(note.si('errback'));
    const result = await chord([inner, same.si(2)], same.s() as never).delay();
    await expect(result.get()).rejects.toThrow('broken');
    expect(seen).toEqual(['errback', 'errback']);
  });

  it('of a chord that never begins is called', async () => {
    const { same, fail, note, seen } = new CanvasScene();
    const never = chord([same.si(1)], chain(same.s(), same.s()) as never).linkError(note.si('errback'));
    const result = await chord([fail.si('broken')], never).delay();
    await expect(result.get()).rejects.toThrow('broken');
    expect(seen).toEqual(['errback']);
  });

  it('of a chord is not called by what follows the chord', async () => {
    const { same, fail, note, seen } = new CanvasScene();
    const spread = chord([same.si(1)], group([same.s()]) as never).linkError(note.si('errback'));
    const result = await chain(spread, fail.si('broken')).delay();
    await expect(result.get()).rejects.toThrow('broken');
    expect(seen).toEqual([]);
  });
});

describe('a workflow that travels', () => {
  it('has what is linked to it in its members, as Celery has: a group with links, or a chord, would be refused there', () => {
    const { same, note } = new CanvasScene();
    const linked = [note.si('callback'), note.si('errback')] as const;
    const members = group([same.si(1), same.si(2)])
      .link(linked[0])
      .linkError(linked[1])
      .serialize();
    const whole = chord([same.si(1)], same.s() as never)
      .link(linked[0])
      .linkError(linked[1])
      .serialize();
    const linksOf = ({ options }: SerializedSignature) => [options['link'], options['link_error']];
    const [callback, errback] = linked.map((one) => [one.serialize()]);
    expect(linksOf(members)).toEqual([undefined, undefined]);
    const [first, second] = members.kwargs['tasks'] as SerializedSignature[];
    expect([first, second].map((one) => one && linksOf(one))).toEqual([
      [callback, errback],
      [undefined, errback],
    ]);
    expect(linksOf(whole)).toEqual([undefined, undefined]);
    expect(linksOf(whole.kwargs['body'] as SerializedSignature)).toEqual([callback, errback]);
  });
});
