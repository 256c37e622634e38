import { chain, chord, type TreeChange } from '@ctq/core';
import { memoryStore } from '@ctq/core/backend';
import { expect, test } from 'vitest';
import { describeOverBrokers, type RpcScene, soon } from './__fixtures__/rpc-scene.js';
import { shopTasks } from './__fixtures__/shop-tasks.js';

/** A client and a program for the worker, which agree over a store. */
function setup(scene: RpcScene) {
  const store = memoryStore();
  const server = scene.app({ store });
  shopTasks(server);
  const client = scene.app({ store });
  return { server, client, ...shopTasks(client) };
}

async function last(changes: AsyncIterable<TreeChange>): Promise<TreeChange | undefined> {
  let found: TreeChange | undefined;
  for await (const change of changes) found = change;
  return found;
}

describeOverBrokers('A workflow whose results travel', (open) => {
  test('is followed by who sent it, callbacks included', async () => {
    const scene = open();
    const { server, add, sum, mul } = setup(scene);
    const members = [add.s(1, 1), add.s(2, 2).link(mul.s(3))];
    const result = await chain(chord(members, sum.s()), mul.s(10)).delay();
    const followed = last(result.watchTree(soon));
    await scene.start(server);
    expect((await followed)?.counts).toEqual({ known: 5, done: 5, succeeded: 5, failed: 0, revoked: 0 });
  });

  test('is cancelled, and who sent it is told of all of it', async () => {
    const scene = open();
    const { server, add, sum, mul } = setup(scene);
    const result = await chain(add.s(1, 1), chord([add.s(1), add.s(2)], sum.s()), mul.s(10)).delay();
    const lone = await chord([add.s(1, 1), add.s(2, 2)], sum.s()).delay();
    await Promise.all([result.cancel(), lone.cancel()]);
    const followed = [result, lone].map((one) => last(one.watchTree(soon)));
    await scene.start(server);
    const counts = (await Promise.all(followed)).map((change) => change?.counts);
    expect(counts).toEqual([5, 3].map((all) => ({ known: all, done: all, succeeded: 0, failed: 0, revoked: all })));
  });
});
