import { describe, expect, it } from 'vitest';
import { CanvasScene } from '../__fixtures__/canvas-scene.js';
import { ChordError } from '../errors/task-errors.js';
import { chain } from './chain.js';
import { chord } from './chord.js';
import { group } from './group.js';

describe('the header of a chord', () => {
  it('carries the body under its fixed id, the group and the position [CV-091, CV-092, CV-367, CV-372]', async () => {
    const { add, total, ran } = new CanvasScene();
    const result = await chord([add.s(1, 1), add.s(2, 2)], total.s()).delay();
    const header = ran.filter(({ task }) => task === 'add');
    expect(header.map(({ chord: body }) => [body?.task, body?.options['task_id']])).toEqual([
      ['total', result.id],
      ['total', result.id],
    ]);
    expect(header.map(({ group: id, groupIndex }) => [id, groupIndex])).toEqual([
      [result.parent?.id, 0],
      [result.parent?.id, 1],
    ]);
    const named = await chord([add.s(1, 1)], total.s()).applyAsync([], { taskId: 'the-body' });
    expect([named.id, ran.at(-2)?.chord?.options['task_id'], ran.at(-1)?.id]).toEqual([
      'the-body',
      'the-body',
      'the-body',
    ]);
  });

  it('carries the id of a body that is a chain, too: that of its last step [CV-344]', async () => {
    const { add, total, ran } = new CanvasScene();
    const result = await chord([add.s(1, 1), add.s(2, 2)], chain(total.s(), add.s(10))).delay();
    expect(await result.get()).toBe(16);
    expect(ran[0]?.chord).toMatchObject({ task: 'celery.chain', options: { task_id: result.id } });
    expect(ran[1]?.chord?.options['task_id']).toBe(result.id);
    expect(ran.at(-1)?.id).toBe(result.id);
  });

  it('of one member gives a list of one, as a chord and as a group with a step behind it [CV-252]', async () => {
    const { add, same } = new CanvasScene();
    expect(await (await chord([add.s(2, 5)], same.s()).delay()).get()).toEqual([7]);
    expect(await (await chain(group([add.s(2, 5)]), same.s()).delay()).get()).toEqual([7]);
  });

  it('may be empty: the body is given an empty list, its result follows that of an empty group [CV-094, CV-253]', async () => {
    const { same, ran } = new CanvasScene();
    const result = await chord([], same.s()).delay();
    expect(await result.get()).toEqual([]);
    expect(ran.map(({ args }) => args)).toEqual([[[]]]);
    expect(result.parent).toMatchObject({ results: [] });
  });

  it('holds the members of its groups, and counts any other workflow as one [CV-093, CV-266, CV-267]', async () => {
    const { same } = new CanvasScene();
    const pair = group([same.s(42), same.s(43)]);
    expect(await (await chord([pair], same.s()).delay()).get()).toEqual([42, 43]);
    const endsInGroup = chain(same.s(42), group([same.s(), same.s()]));
    expect(await (await chord([endsInGroup], same.s()).delay()).get()).toEqual([[42, 42]]);
    const members = [
      same.s(1),
      group([same.s(2), group([same.s(3)])]),
      chain(same.s(0), same.si(4)),
      endsInGroup,
      chord([same.s(0), same.s(0)], same.si(5)),
      chord([same.s(6)], group([same.s(), same.s()])),
      same.s(7),
    ];
    const result = await chord(members, same.s()).delay();
    expect(await result.get()).toEqual([1, 2, 3, 4, [42, 42], 5, [[6], [6]], 7]);
  });

  it('is what asImmutable is about; the body is given the list all the same [CV-103]', async () => {
    const { add, same } = new CanvasScene();
    const independent = chord([same.s('a'), same.s('b')], same.s()).asImmutable();
    expect(await (await chain(add.s(1, 1), independent).delay()).get()).toEqual(['a', 'b']);
  });

  it('is given what the chain that it begins is called with, every member [CV-261]', async () => {
    const { same } = new CanvasScene();
    const workflow = chain(chord([same.s(), same.s()], same.s()), same.s());
    expect(await (await workflow.delay(1)).get()).toEqual([1, 1]);
    expect(await (await workflow.applyAsync([2])).get()).toEqual([2, 2]);
  });
});

describe('the body of a chord', () => {
  it('may be a group: its result is that of the group [CV-104, CV-367]', async () => {
    const { add, same, total } = new CanvasScene();
    const result = await chord([add.s(1, 1), add.s(2, 2)], group([same.s(), total.s()])).delay();
    expect(await result.get()).toEqual([[2, 4], 6]);
    expect(result).toMatchObject({ results: [{}, {}] });
  });

  it('has the callbacks of the chord [CV-101, CV-365]', async () => {
    const { add, total, note, seen, ran } = new CanvasScene();
    const result = await chord([add.s(1, 1), add.s(2, 2)], total.s())
      .link(note.s())
      .delay();
    expect(await result.get()).toBe(6);
    expect(seen).toEqual([6]);
    expect(ran.filter(({ callbacks }) => callbacks !== null).map(({ id }) => id)).toEqual([result.id]);
  });

  it('runs under the root of its chain, sent by the member that was last [CV-255]', async () => {
    for (const isExplicit of [true, false]) {
      const { where, same, ran } = new CanvasScene();
      const header = [where.si(), where.si()];
      const body = chain(same.s(), where.si());
      const workflow = isExplicit
        ? chain(where.si(), where.si(), chord(header, body))
        : chain(where.si(), where.si(), group(header), body);
      const result = await workflow.delay();
      const [first, second, third, fourth, collected, last] = ran;
      expect(ran.map(({ rootId }) => rootId)).toEqual(Array.from({ length: 6 }, () => first?.id));
      expect([first, second, third, fourth].map((message) => message?.parentId)).toEqual([
        null,
        first?.id,
        second?.id,
        second?.id,
      ]);
      expect([third?.id, fourth?.id]).toContain(collected?.parentId);
      expect(await result.get()).toEqual({ rootId: first?.id, parentId: collected?.id });
      expect(last?.id).toBe(result.id);
    }
  });
});

describe('a chord that fails', () => {
  it('names the member that failed, calls the errback of its body and not the body [CV-256, CV-270]', async () => {
    const { add, fail, note, seen, same } = new CanvasScene();
    const body = note.s().linkError(note.si('errback'));
    const result = await chord([add.s(1, 2), add.s(3, 4), fail.s('broken')], body).delay();
    const error = await result.get().catch((thrown: unknown) => thrown);
    const culprit = (result.parent as unknown as { results: { id: string }[] }).results[2]?.id;
    expect(ChordError.isInstance(error) && error.message).toBe(`Dependency ${culprit} raised TypeError('broken')`);
    expect(seen).toEqual(['errback']);
    await expect((await chord([same.si(42)], fail.si('body')).delay()).get()).rejects.toThrow('body');
  });

  it('calls an errback once, however many of its members fail [CV-280]', async () => {
    const { fail, same, note, seen } = new CanvasScene();
    const [broken, fine] = [fail.si('broken'), same.si(42)];
    const headers = [
      [broken],
      [broken, broken, broken],
      [broken, fine],
      [broken, fine, fine],
      [broken, fine, broken],
      [broken, fine, broken, fine, broken],
    ];
    for (const header of headers) {
      seen.length = 0;
      const result = await chord(header, note.si('body')).linkError(note.si('errback')).delay();
      await expect(result.get()).rejects.toThrow('broken');
      expect(seen).toEqual(['errback']);
    }
  });

  it('calls the errbacks of its body once for a task, a chain or a chord, for a group once for each member [CV-110, CV-283]', async () => {
    const { fail, same, note, seen } = new CanvasScene();
    const bodies = [same.s(), chain(same.s(), same.s()), group([same.s(), same.s()]), chord([same.s()], same.s())];
    for (const body of bodies) {
      seen.length = 0;
      const result = await chord([same.si(1), fail.si('broken')], body.linkError(note.s())).delay();
      await expect(result.get()).rejects.toThrow(/^Dependency [0-9a-f-]{36} raised TypeError\('broken'\)$/);
      const failed = 'results' in result ? (result.results as { id: string }[]) : [result];
      expect(seen).toEqual(failed.map(({ id }) => id));
    }
  });

  it('because its body cannot be sent says so, and calls the errbacks of the body [CV-111]', async () => {
    const { add, total, note, seen } = new CanvasScene();
    const body = total.s().set({ serializer: 'nonsense' }).linkError(note.s());
    const result = await chord([add.s(1, 1), add.s(2, 2)], body).delay();
    await expect(result.get()).rejects.toThrow(/^Callback error: .*nonsense/);
    expect(seen).toEqual([result.id]);
    expect(await result.parent?.get()).toEqual([2, 4]);
  });

  it('inside the header of another fails that one, whose errback is called [CV-278]', async () => {
    const { fail, same, note, seen } = new CanvasScene();
    const inner = chord([same.si('t1'), fail.si('broken')], same.si('t2'));
    const result = await chord([same.si('t3'), inner], note.si('body'))
      .linkError(note.si('errback'))
      .delay();
    await expect(result.get()).rejects.toThrow('broken');
    expect(seen).toEqual(['errback']);
  });

  it('inside of chains fails all that follows it [CV-284, CV-285]', async () => {
    const { add, fail, same } = new CanvasScene();
    const inner = chain(group([add.si(1, 1), fail.si('broken')]), same.s());
    const result = await chain(inner, same.s()).delay();
    const error = await result.get().catch((thrown: unknown) => thrown);
    expect(ChordError.isInstance(error) && error.message).toMatch('broken');
    const member = chain(fail.si('broken'), group([same.si(2), same.si(3)]), same.si(4));
    const outer = await chain(group([same.si(1), member]), same.s()).delay();
    await expect(outer.get()).rejects.toThrow(/^Dependency .* raised .*broken/);
  });

  it('because a chain in it does, anywhere, or a group [CV-268, CV-269]', async () => {
    const { add, fail, same } = new CanvasScene();
    const early = await chain(add.s(1, 1), fail.si('early'), group([add.s(1), add.s(1)])).delay();
    await expect(early.get()).rejects.toThrow('early');
    const late = await chain(add.s(1, 1), add.s(1), group([add.s(1), fail.si('late')])).delay();
    await expect(late.get()).rejects.toThrow('late');
    for (const child of [
      chain(same.si(42), fail.si('broken'), same.si(42)),
      chain(same.si(42), fail.si('broken')),
      group([same.si(42), fail.si('broken')]),
      chain(same.si(42), group([same.si(42), fail.si('broken')])),
      chord([same.si(42)], group([same.si(42), fail.si('broken')])),
    ]) {
      await expect((await chord([child], same.s()).delay()).get()).rejects.toThrow(/Dependency .* raised .*broken/);
      await expect((await chord([same.si(42)], child).delay()).get()).rejects.toThrow('broken');
    }
  });
});

describe('a chord to which Celery has given ids', () => {
  it('notes the id of its header, which is not that of its body', async () => {
    const { app, add, total } = new CanvasScene();
    const written = chord([add.s(1, 1), add.s(2, 2)], total.s().set({ taskId: 'the body' })).serialize();
    const { header, body } = written.kwargs;
    const options = { task_id: 'the header' };
    const frozen = { ...written, kwargs: { header: { ...(header as object), options }, body }, options };
    const result = await app.signature(frozen).delay();
    expect(result.id).toBe('the body');
    expect(await result.get()).toBe(6);
  });
});
