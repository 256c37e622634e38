import { describe, expect, it } from 'vitest';
import { CanvasScene } from '../__fixtures__/canvas-scene.js';
import { chain } from './chain.js';
import { chord } from './chord.js';
import type { SerializedSignature } from './serialized-signature.js';

/** As Python may send it; in ctq there is none. */
const emptyGroup: SerializedSignature = {
  ...{ task: 'celery.group', args: [], kwargs: { tasks: [] }, options: {} },
  ...{ subtask_type: 'group', immutable: false },
};

describe('an empty group of another sender', () => {
  it('sends nothing, and its result is an empty list [CV-220, CV-363]', async () => {
    const { app, add, ran } = new CanvasScene();
    const none = app.signature(emptyGroup);
    const result = await none.delay();
    expect(await result.get()).toEqual([]);
    expect(result).toMatchObject({ results: [] });
    expect(ran).toEqual([]);
    const asBody = await chord([add.s(1, 1), add.s(2, 2)], none).delay();
    expect(await asBody.get()).toEqual([]);
    expect(asBody).toMatchObject({ results: [] });
    expect(await asBody.parent?.get()).toEqual([2, 4]);
    expect(ran).toHaveLength(2);
  });

  it('in a chain is skipped, wherever it stands, unless there is nothing else [CV-053, CV-041, CV-220, CV-347]', async () => {
    const { app, add, same } = new CanvasScene();
    const none = app.signature(emptyGroup);
    const two = app.signature('add', [2]);
    for (const workflow of [
      chain(none, add.si(1, 1), add.s(2)),
      chain(add.s(1, 1), none, two),
      chain(add.s(1, 1), none, none, two, none),
      chain(chain(add.s(1, 1), none), chain(none, two)),
    ]) {
      expect(await (await workflow.delay()).get()).toBe(4);
    }
    const result = await chain(none, none).delay();
    expect(await result.get()).toEqual([]);
    const pair = app.signature({ ...emptyGroup, kwargs: { tasks: [add.s(1, 1).serialize(), same.s(7).serialize()] } });
    expect(await (await chain(pair, none).delay()).get()).toEqual([2, 7]);
  });

  it('behind a group does not become the body of its chord [CV-053]', async () => {
    const { app, add, ran } = new CanvasScene();
    const none = app.signature(emptyGroup);
    const pair = app.signature({
      ...emptyGroup,
      kwargs: { tasks: [add.s(1, 1), add.s(2, 2)].map((s) => s.serialize()) },
    });
    expect(await (await chain(pair, none, app.signature('total')).delay()).get()).toBe(6);
    expect(ran[0]?.chord?.task).toBe('total');
    expect(await (await chain(none, pair).delay()).get()).toEqual([2, 4]);
  });
});

describe('chunks of nothing', () => {
  it('are an empty list for what follows them', async () => {
    const { add, same } = new CanvasScene();
    expect(await (await chain(add.chunks([], 10), same.s()).delay()).get()).toEqual([]);
  });
});
