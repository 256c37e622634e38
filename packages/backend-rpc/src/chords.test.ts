import { chain, chord, group, NoChordSupportError } from '@ctq/core';
import { memoryStore } from '@ctq/core/backend';
import { expect, test } from 'vitest';
import { describeOverBrokers, soon } from './__fixtures__/rpc-scene.js';
import { OutOfStock, shopTasks } from './__fixtures__/shop-tasks.js';

describeOverBrokers('A chord whose results travel', (open) => {
  test('[BK-070] is joined over a key-value store beside them', async () => {
    const scene = open();
    const store = memoryStore();
    const server = scene.app({ store });
    shopTasks(server);
    await scene.start(server);
    const { add, sum, mul } = shopTasks(scene.app({ store }));
    expect(await (await chord([add.s(1, 1), add.s(2, 2), add.s(3, 3)], sum.s()).delay()).get(soon)).toBe(12);
    // So is a group that is followed by a task.
    const joined = await chain(group([add.s(1, 1), add.s(2, 2)]), sum.s(), mul.s(10)).delay();
    expect(await joined.get(soon)).toBe(60);
  });

  test('[BK-070] fails with its header, and whoever waits for the body is told', async () => {
    const scene = open();
    const store = memoryStore();
    const server = scene.app({ store, errorClasses: [OutOfStock] });
    shopTasks(server);
    await scene.start(server);
    const { add, sell, sum } = shopTasks(scene.app({ store }));
    const result = await chord([add.s(1, 1), sell.s('bolt')], sum.s()).delay();
    await expect(result.get({ ...soon, followParents: false })).rejects.toMatchObject({
      code: 'CTQ_CHORD',
      message: expect.stringContaining('bolt is sold out'),
    });
  });

  test('[BK-070] is refused before anything is sent where there is none, with what to do', async () => {
    const scene = open();
    const app = scene.app();
    const { add, sum } = shopTasks(app);
    const refused = await chord([add.s(1, 1)], sum.s())
      .delay()
      .catch((error: unknown) => error);
    expect(NoChordSupportError.isInstance(refused)).toBe(true);
    expect(refused).toMatchObject({
      code: 'CTQ_NO_CHORD_SUPPORT',
      message:
        "Chords need a result backend that can join them; rpc cannot. Give the app a key-value store beside it: new Ctq('name', { store: 'redis://…' }).",
      cause: expect.objectContaining({ code: 'CTQ_NO_STORE' }),
    });
    expect(await scene.hears(app)).toBe(false);
  });
});
