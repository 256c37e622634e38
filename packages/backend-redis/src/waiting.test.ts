import { group } from '@ctq/core';
import { recordCommands } from '@ctq/test-services/redis-monitor';
import { redisDatabase, redisDatabases } from '@ctq/test-services';
import { describeWith } from '@ctq/test-services/vitest';
import { expect, test } from 'vitest';
import { backendScene, documentOf, recordOf } from './__fixtures__/backend-scene.js';

const soon = { timeout: '15s' } as const;

describeWith('redis', 'Waiting for results in Redis', (server) => {
  // Its own, by which connections are told from those of other suites.
  const db = redisDatabases.waiting;
  const url = redisDatabase(server, 'waiting');

  /** Ids of the connections of this database that listen. */
  async function subscribers(client: ReturnType<typeof backendScene>['client']): Promise<readonly string[]> {
    const lines = String(await client.client('LIST')).split('\n');
    const own = lines.filter((line) => line.includes(` db=${db} `) && line.includes('name=ctq-results-subscriber '));
    return own.flatMap((line) => /^id=(\d+)/.exec(line)?.[1] ?? []);
  }

  /** Resolves when the channel of a result has so many listeners. */
  async function listened(client: ReturnType<typeof backendScene>['client'], key: string, count = 1): Promise<void> {
    for (;;) {
      const [, found] = (await client.pubsub('NUMSUB', key)) as [string, number];
      if (found === count) return;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  test('[BK-047, CV-243] takes one connection for all of them: subscribed before the first look, unsubscribed when they are there', async () => {
    const scene = backendScene(url);
    const app = scene.app();
    const backend = await scene.backend(app);
    const ids = Array.from({ length: 50 }, () => crypto.randomUUID());
    const commands = await recordCommands(url, async () => {
      const waits = ids.map((id) => app.asyncResult(id).get(soon));
      await Promise.all(ids.map((id) => listened(scene.client, scene.key(id))));
      expect(await subscribers(scene.client)).toHaveLength(1);
      await backend.store(ids.map((id) => recordOf(id, { result: id })));
      expect(await Promise.all(waits)).toEqual(ids);
      await Promise.all(ids.map((id) => listened(scene.client, scene.key(id), 0)));
    });
    const ofFirst = commands
      .filter(({ client, args }) => client !== 'lua' && args.some((argument) => argument === scene.key(ids[0] ?? '')))
      .filter(({ name }) => name !== 'PUBSUB')
      .map(({ name }) => name);
    // The look and the news travel on two connections.
    expect(ofFirst[0]).toBe('SUBSCRIBE');
    expect([...ofFirst].sort()).toEqual(['EVALSHA', 'MGET', 'SUBSCRIBE', 'UNSUBSCRIBE']);
  });

  test('[BK-047] is over at once for what a Python worker publishes', async () => {
    const scene = backendScene(url);
    const wait = scene.app().asyncResult('t').get(soon);
    await listened(scene.client, scene.key('t'));
    const document = documentOf('t', [1, 'ä']);
    await scene.client.multi().setex(scene.key('t'), 60, document).publish(scene.key('t'), document).exec();
    expect(await wait).toEqual([1, 'ä']);
  });

  test('[BK-041] ends also when the result has expired before anybody could look', async () => {
    const scene = backendScene(url);
    const wait = scene.app().asyncResult('t').get(soon);
    await listened(scene.client, scene.key('t'));
    await scene.client.publish(scene.key('t'), documentOf('t', 'brief'));
    expect(await wait).toBe('brief');
  });

  test('[BK-041] ends although its connection was lost while the result was published, which expires soon after', async () => {
    const scene = backendScene(url);
    const app = scene.app({}, { resultExpires: 5 });
    const backend = await scene.backend(app);
    for (let round = 0; round < 5; round += 1) {
      const id = crypto.randomUUID();
      const wait = app.asyncResult(id).get(soon);
      await listened(scene.client, scene.key(id));
      const [subscriber = ''] = await subscribers(scene.client);
      await Promise.all([
        scene.client.client('KILL', 'ID', subscriber),
        backend.store([recordOf(id, { result: round })]),
      ]);
      expect(await wait).toBe(round);
      expect(await scene.client.pttl(scene.key(id))).toBeLessThanOrEqual(5_000);
    }
  }, 30_000);

  test('[BK-041] ends although every connection was lost, as soon as there is one again', async () => {
    const scene = backendScene(url);
    const app = scene.app();
    const wait = app.asyncResult('t').get(soon);
    await listened(scene.client, scene.key('t'));
    const lines = String(await scene.client.client('LIST')).split('\n');
    const own = lines.filter((line) => line.includes(` db=${db} `) && line.includes('name=ctq-results'));
    for (const line of own) await scene.client.client('KILL', 'ID', /^id=(\d+)/.exec(line)?.[1] ?? '');
    // Nobody is told.
    await scene.client.set(scene.key('t'), documentOf('t', 'found'));
    expect(await wait).toBe('found');
  }, 30_000);

  test('[BK-039] ends by looking behind the news, and with an error when the time is over', async () => {
    const scene = backendScene(url);
    const app = scene.app({}, { resultExpires: 2 });
    const [wait, late] = [app.asyncResult('t').get(soon), app.asyncResult('never').get({ timeout: '1s' })];
    late.catch(() => undefined);
    await listened(scene.client, scene.key('t'));
    await scene.client.set(scene.key('t'), documentOf('t', 'silent'));
    expect(await wait).toBe('silent');
    await expect(late).rejects.toThrow('did not arrive within 1s');
    await listened(scene.client, scene.key('never'), 0);
  });

  test('[BK-040] gives the results of a group inside of a group as a list in the list', async () => {
    const scene = backendScene(url);
    const app = scene.app();
    const backend = await scene.backend(app);
    const task = app.task('number', (n: number) => n);
    const result = await group([group([task.s(1), task.s(2)]), task.s(3)]).delay();
    const wait = result.get(soon);
    const leaves = result.results.flatMap((member) => ('results' in member ? member.results : [member]));
    await Promise.all(leaves.map(({ id }) => listened(scene.client, scene.key(id))));
    for (const [index, { id }] of leaves.entries()) await backend.store([recordOf(id, { result: index + 1 })]);
    expect(await wait).toEqual([[1, 2], 3]);
  });

  test('[BK-059] is of no use after a result was forgotten: it is gone, and nobody listens', async () => {
    const scene = backendScene(url);
    const app = scene.app();
    const backend = await scene.backend(app);
    await backend.store([recordOf('t')]);
    const result = app.asyncResult('t');
    expect(await result.get(soon)).toBe(5);
    await result.forget();
    expect(await scene.client.exists(scene.key('t'))).toBe(0);
    await listened(scene.client, scene.key('t'), 0);
    expect(await result.state()).toBe('PENDING');
  });

  test('reads what does not survive being published as text from its key', async () => {
    const scene = backendScene(url);
    const app = scene.app({}, { resultSerializer: 'msgpack', resultAcceptContent: ['msgpack'] });
    const backend = await scene.backend(app);
    const wait = app.asyncResult('t').get(soon);
    await listened(scene.client, scene.key('t'));
    await backend.store([recordOf('t', { result: { deep: ['\uFFFD', 1.5] } })]);
    expect(await wait).toEqual({ deep: ['\uFFFD', 1.5] });
  });
});
