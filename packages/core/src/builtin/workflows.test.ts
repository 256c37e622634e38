import { describe, expect, it } from 'vitest';
import { CanvasScene } from '../__fixtures__/canvas-scene.js';
import { chain } from '../canvas/chain.js';
import { group } from '../canvas/group.js';
import type { ResultTuple } from '../result/result-record.js';

describe("the tasks of Celery's own, called by their names", () => {
  const tupleOf = async (scene: CanvasScene, name: string, kwargs: Record<string, unknown>): Promise<ResultTuple> =>
    (await (await scene.app.sendTask(name, [], kwargs)).get()) as ResultTuple;
  const valueOf = async ({ app }: CanvasScene, tuple: ResultTuple): Promise<unknown> =>
    await app.resultFromTuple(tuple).get();

  it('celery.chord sends the header, then the body, and gives the result of that [CV-385]', async () => {
    const scene = new CanvasScene();
    const { add, total } = scene;
    const header = [add.s(1).serialize(), add.s(2).serialize()];
    const tuple = await tupleOf(scene, 'celery.chord', { header, body: total.s().serialize(), partial_args: [10] });
    expect(await valueOf(scene, tuple)).toBe(23);
    const asGroup = group([add.s(1, 1), add.s(2, 2)]).serialize();
    expect(
      await valueOf(scene, await tupleOf(scene, 'celery.chord', { header: asGroup, body: total.s().serialize() })),
    ).toBe(6);
  });

  it('celery.group sends members with the ids that the caller knows them by', async () => {
    const scene = new CanvasScene();
    const { add, ran } = scene;
    const tasks = ['one', 'two'].map((taskId, n) => add.s(n).set({ taskId }).serialize());
    const result: ResultTuple = [
      ['the-group', null],
      [
        [['one', null], null],
        [['two', null], null],
      ],
    ];
    const sent = { tasks, result, group_id: 'the-group', partial_args: [5] };
    expect(await tupleOf(scene, 'celery.group', sent)).toEqual(result);
    expect(await valueOf(scene, result)).toEqual([5, 6]);
    expect(ran.slice(1).map(({ id, group: groupId, groupIndex }) => [id, groupId, groupIndex])).toEqual([
      ['one', 'the-group', 0],
      ['two', 'the-group', 1],
    ]);
  });

  it('celery.chunks and celery.chain send what they are given', async () => {
    const scene = new CanvasScene();
    const { add } = scene;
    const chunks = {
      task: add.s().serialize(),
      it: [
        [1, 1],
        [2, 2],
        [3, 3],
      ],
      n: 2,
    };
    expect(await valueOf(scene, await tupleOf(scene, 'celery.chunks', chunks))).toEqual([[2, 4], [6]]);
    const { kwargs } = chain(add.s(1, 1), add.s(2)).serialize();
    expect(await valueOf(scene, await tupleOf(scene, 'celery.chain', kwargs))).toBe(4);
  });

  it('celery.backend_cleanup has the backend delete what has expired', async () => {
    const { app } = new CanvasScene();
    const backend = await app.kernel.results.backend();
    let cleanups = 0;
    Object.assign(backend, {
      cleanup: () => {
        cleanups += 1;
        return Promise.resolve(0);
      },
    });
    expect(await (await app.sendTask('celery.backend_cleanup')).get()).toBeNull();
    expect(cleanups).toBe(1);
  });

  it('are not listed among those of the program, which may have one of its own by such a name', async () => {
    const { app } = new CanvasScene();
    app.task('celery.map', { params: ['task', 'it'] }, (_task: unknown, _it: unknown) => 'own');
    expect(app.kernel.registry.names).toContain('celery.map');
    expect(app.kernel.registry.names).not.toContain('celery.starmap');
    expect(await (await app.sendTask('celery.map', [], { task: null, it: [] })).get()).toBe('own');
  });
});
