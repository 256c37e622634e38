import { describe, expect, it } from 'vitest';
import { CanvasScene } from '../__fixtures__/canvas-scene.js';
import { chain } from './chain.js';
import { chord } from './chord.js';
import { group } from './group.js';

describe('with taskAlwaysEager', () => {
  it('a workflow has run when it was sent, however it was sent, with arguments by name, too [CV-333, CV-383]', async () => {
    const { app, add, total, ran } = new CanvasScene();
    const sum = app.task('sum', { params: ['x', 'y', 'z'] }, (x: number, y: number, z?: number) => x + y + (z ?? 0));
    const workflow = chain(sum.s(4), add.s(8));
    const results = [
      await workflow.delay(4),
      await workflow.applyAsync([4]),
      await workflow.withKwargs({ z: 1 }).delay(4),
    ];
    expect(ran).toHaveLength(6);
    expect(await Promise.all(results.map((result) => result.state()))).toEqual(['SUCCESS', 'SUCCESS', 'SUCCESS']);
    expect(await Promise.all(results.map((result) => result.get()))).toEqual([16, 16, 17]);
    const doubled = Array.from({ length: 10 }, (_, n) => add.s(n, n));
    expect(await (await chord(doubled, total.s()).delay()).get()).toBe(90);
  });

  it('a task may send a chain or a chord, which runs inside of it [CV-174, CV-247]', async () => {
    const { app, add, total, ran } = new CanvasScene();
    const outer = app.task('outer', async (x: number, y: number) => {
      const sum = await chain(add.s(x, x), add.s(y)).delay();
      const all = await chord([add.s(x, x), add.s(y, y)], total.s()).delay();
      return [sum.asTuple(), all.asTuple()] as const;
    });
    const [sum, all] = await (await outer.delay(4, 8)).get();
    expect(await app.resultFromTuple(sum).get()).toBe(16);
    expect(await app.resultFromTuple(all).get()).toBe(24);
    const [root] = ran;
    expect(ran.slice(1).map(({ rootId }) => rootId)).toEqual(Array.from({ length: 5 }, () => root?.id));
  });
});

describe('a chord that is sent', () => {
  it('leaves the signature and its body as they were, however often it travels [CV-383]', async () => {
    const { app, add, total } = new CanvasScene();
    const body = total.s();
    const sum = chord(
      [1, 2].map((n) => add.s(n, n)),
      body,
    );
    const before = sum.serialize();
    expect(before.kwargs['kwargs']).toEqual({});
    await sum.delay();
    expect(body.serialize().options).toEqual({});
    let travelled = before;
    for (let times = 0; times < 3; times += 1)
      travelled = app.signature(JSON.parse(JSON.stringify(travelled))).serialize();
    expect(travelled).toEqual(before);
  });

  it('may be of dictionaries that lack what they need not say [CV-351, CV-383]', async () => {
    const { app } = new CanvasScene();
    const bare = (task: string, args: unknown[]) => ({ task, args });
    const header = [bare('add', [1, 1]), { task: 'celery.group', kwargs: { tasks: [bare('add', [2, 2])] } }];
    const wire = { task: 'celery.chord', kwargs: { header, body: { task: 'total' } } };
    const sum = app.signature(wire as never);
    expect(sum.kind).toBe('chord');
    expect(await (await sum.delay()).get()).toBe(6);
    const nested = { task: 'celery.group', kwargs: { tasks: [bare('add', [1, 1]), wire] } };
    const results = await app.signature(nested as never).delay();
    expect(await results.get()).toEqual([2, 6]);
  });
});

describe('a group in a group, of dictionaries', () => {
  it('is one, with a list in the list [CV-351]', async () => {
    const { app, add } = new CanvasScene();
    const nested = group([add.s(1, 1), group([add.s(2, 2), add.s(3, 3)])]);
    const read = app.signature(JSON.parse(JSON.stringify(nested)));
    expect(read.serialize()).toEqual(nested.serialize());
    expect(await (await read.delay()).get()).toEqual([2, [4, 6]]);
  });
});
