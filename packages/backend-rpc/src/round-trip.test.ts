import { chain, type Ctq, group } from '@ctq/core';
import type { Worker } from '@ctq/worker';
import { expect, test } from 'vitest';
import { describeOverBrokers, type RpcScene, soon } from './__fixtures__/rpc-scene.js';
import { OutOfStock, shopTasks } from './__fixtures__/shop-tasks.js';

const errorClasses = [OutOfStock];

interface Shop {
  readonly server: Ctq;
  readonly client: Ctq;
  readonly tasks: ReturnType<typeof shopTasks>;
}

/** Two programs that share nothing but the broker. */
function twoPrograms(scene: RpcScene): Shop {
  const server = scene.app({ errorClasses });
  shopTasks(server);
  const client = scene.app({ errorClasses });
  return { server, client, tasks: shopTasks(client) };
}

/** One of them is a worker. */
async function openShop(scene: RpcScene): Promise<Shop & { readonly worker: Worker }> {
  const shop = twoPrograms(scene);
  return { ...shop, worker: await scene.start(shop.server) };
}

describeOverBrokers('A result that travels', (open) => {
  test('[BK-064, BK-037] is the value, also for who asks a second time, or late', async () => {
    const { client, tasks } = await openShop(open());
    const result = await tasks.add.delay(2, 3);
    expect(await result.get(soon)).toBe(5);
    expect(await result.get(soon)).toBe(5);
    expect(await client.asyncResult(result.id).get(soon)).toBe(5);
    const late = await tasks.add.delay(1, 1);
    // It is here before anybody asks: what came behind it is.
    await (await tasks.mul.delay(1, 1)).get(soon);
    expect(await late.state()).toBe('SUCCESS');
    expect(await late.get(soon)).toBe(2);
  });

  test('[BK-064] is the error with its class, its members and the stack of the worker', async () => {
    const { tasks } = await openShop(open());
    const result = await tasks.sell.delay('bolt');
    const error: unknown = await result.get(soon).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(OutOfStock);
    expect(error).toMatchObject({ sku: 'bolt', message: 'bolt is sold out' });
    expect(await result.traceback()).toContain('shop-tasks');
    expect(await result.failed()).toBe(true);
  });

  test('[BK-036, BK-064] is told state by state: those of its own, STARTED and RETRY with its error', async () => {
    const scene = open();
    const { tasks, server } = twoPrograms(scene);
    const [packing, flaky] = [await tasks.pack.delay(), await tasks.flaky.delay()];
    const [packed, tried] = [packing, flaky].map(async (result) => {
      const seen: unknown[] = [];
      for await (const change of result.watch(soon))
        seen.push(
          change.kind === 'retry' ? change.error.message : change.kind === 'progress' ? change.meta : change.kind,
        );
      return seen;
    });
    // All of them can be seen: nothing runs before they are watched.
    await scene.start(server);
    expect(await packed).toEqual([null, { current: 1, total: 2 }, { current: 2, total: 2 }, 'success']);
    const started = { pid: process.pid, hostname: 'w1@host' };
    expect(await tried).toEqual([null, started, 'attempt 0', started, 'attempt 1', started, 'success']);
    expect(await flaky.get(soon)).toBe('after 2');
  });

  test('[BK-068, BK-040] is one of a group, which is joined as they come', async () => {
    const { tasks } = await openShop(open());
    const result = await group([group([tasks.add.s(1, 1), tasks.add.s(2, 2)]), tasks.add.s(3, 3)]).delay();
    expect(await result.get(soon)).toEqual([[2, 4], 6]);
    expect(await result.get(soon)).toEqual([[2, 4], 6]);
    expect(await result.completedCount()).toBe(2);
  });

  test('[BK-064] is that of every step of a chain, and of a callback: all are told to who sent the first one', async () => {
    const { tasks } = await openShop(open());
    const result = await chain(tasks.add.s(1, 2), tasks.mul.s(10), tasks.add.s(1)).delay();
    expect(await result.get(soon)).toBe(31);
    expect(await result.parent?.get(soon)).toBe(30);
    const linked = await tasks.add.applyAsync([1, 1], { link: tasks.mul.s(4) });
    await linked.get(soon);
    const [callback] = (await linked.children()) ?? [];
    expect(await callback?.get(soon)).toBe(8);
  });

  test('[BK-064] is that of all steps that a failure leaves undone', async () => {
    const { tasks } = await openShop(open());
    const result = await chain(tasks.sell.s('nut'), tasks.add.s(1), tasks.mul.s(2)).delay();
    await expect(result.get(soon)).rejects.toThrow('nut is sold out');
    await expect(result.parent?.get({ ...soon, followParents: false })).rejects.toThrow('nut is sold out');
  });

  test('[BK-064] is heard by a task that has sent a task', async () => {
    const scene = open();
    const { tasks, server } = await openShop(scene);
    expect(await (await tasks.outer.delay(4)).get(soon)).toBe(5);
    expect(await scene.hears(server)).toBe(true);
    // It is told to its own sender only.
    const child = await (await tasks.delegating.delay()).get(soon);
    expect(await server.asyncResult<number>(child).get(soon)).toBe(21);
  });

  test('[BK-067] is for who sent the call: to another process it is pending until its time is over, and no error', async () => {
    const scene = open();
    const { tasks } = await openShop(scene);
    const other = scene.app();
    const result = await tasks.add.delay(1, 1);
    await result.get(soon);
    const elsewhere = other.asyncResult(result.id);
    expect(await elsewhere.state()).toBe('PENDING');
    await expect(elsewhere.get({ timeout: '200ms' })).rejects.toMatchObject({ code: 'CTQ_RESULT_TIMEOUT' });
    expect(await scene.hears(other)).toBe(false);
  });

  test('[BK-072] is gone when it is forgotten', async () => {
    const { tasks } = await openShop(open());
    const result = await tasks.add.delay(1, 1);
    await result.get(soon);
    await result.forget();
    expect(await result.state()).toBe('PENDING');
  });

  test('[BK-036] is one of a thousand that are awaited at once, over one queue and one consumer', {
    timeout: 60_000,
  }, async () => {
    const scene = open();
    const { client, tasks } = await openShop(scene);
    let connections = 0;
    client.onConnectionChange(({ purpose, event }) => {
      if (purpose === 'consume' && event === 'established') connections += 1;
    });
    const numbers = Array.from({ length: 1_000 }, (_, n) => n);
    const results = await tasks.add.enqueueMany(numbers.map((n) => [n, 1] as [number, number]));
    const values = await Promise.all(results.map((result) => result.get({ timeout: '50s' })));
    expect(values).toEqual(numbers.map((n) => n + 1));
    expect(connections).toBe(1);
  });

  test('[BK-065, BK-030] has a queue from before its call is sent until its client is closed, twice and early', async () => {
    const scene = open();
    const { tasks, client, server, worker } = await openShop(scene);
    expect(await scene.hears(client)).toBe(false);
    const result = await tasks.add.delay(1, 1);
    expect(await scene.hears(client)).toBe(true);
    await result.get(soon);
    // A worker that does nothing but store has none.
    expect(await scene.hears(server)).toBe(false);
    await Promise.all([client.close(), client.close()]);
    expect(await scene.hears(client)).toBe(false);
    await expect(result.get(soon)).rejects.toThrow('closed');
    const early = scene.app();
    const sending = shopTasks(early).add.delay(1, 1);
    await early.close();
    await sending.catch(() => undefined);
    await Promise.all([worker.stop(), worker.stop()]);
    await Promise.all([server.close(), server.close()]);
  });

  test('[BK-024, BK-065] has none where nobody wants a result: the call says so, or its task', async () => {
    const scene = open();
    const { tasks, client } = await openShop(scene);
    const told = await tasks.nothing.delay();
    await tasks.add.applyAsync([1, 1], { ignoreResult: true });
    expect(await told.get(soon)).toBe(null);
    expect(await scene.hears(client)).toBe(false);
  });

  test('[BK-030] is listened for as soon as its call is held back, which another process may send', async () => {
    const scene = open();
    const { tasks, client } = await openShop(scene);
    const outbox = client.outbox();
    const result = await tasks.add.applyAsync([1, 2], { outbox });
    while (!(await scene.hears(client)));
    await outbox.flush();
    expect(await result.get(soon)).toBe(3);
  });

  test('[BK-071] is one of a group that cannot be saved', async () => {
    const { tasks, client } = await openShop(open());
    const result = await group([tasks.add.s(1, 1)]).delay();
    const refused = { code: 'CTQ_NO_GROUP_SUPPORT', message: "The result backend 'rpc' cannot keep groups." };
    await expect(result.save()).rejects.toMatchObject(refused);
    await expect(result.delete()).rejects.toMatchObject(refused);
    await expect(client.restoreGroup('g')).rejects.toMatchObject(refused);
  });
});
