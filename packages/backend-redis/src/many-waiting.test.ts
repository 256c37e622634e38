import { Ctq, type ResultRecord } from '@ctq/core';
import { deferred } from '@ctq/runtime';
import { startRedisServer } from '@ctq/test-services';
import { describeWithPrograms } from '@ctq/test-services/vitest';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { redisBackend } from './redis-backend.js';

/** A server of one's own, because connections and commands are counted: a client that waits and a worker that stores. */
async function setup() {
  const server = await startRedisServer();
  const admin = new Redis(server.port, '127.0.0.1');
  const open = (): Ctq => {
    const app = new Ctq('waiting', { backend: redisBackend({ url: `redis://127.0.0.1:${server.port}/0` }) });
    onTestFinished(() => app.close());
    return app;
  };
  onTestFinished(async () => {
    admin.disconnect();
    await server.stop();
  });
  const numberIn = async (section: string, pattern: RegExp): Promise<number> =>
    Number(pattern.exec(await admin.info(section))?.[1] ?? 0);
  return {
    client: open(),
    worker: open(),
    connections: () => numberIn('clients', /connected_clients:(\d+)/),
    callsOf: (command: string) => numberIn('commandstats', new RegExp(`cmdstat_${command}:calls=(\\d+)`)),
  };
}

const record = (taskId: string, change: Partial<ResultRecord> = {}): ResultRecord => ({
  ...{ taskId, status: 'SUCCESS', result: taskId, traceback: null, children: [], dateDone: null },
  ...change,
});

describeWithPrograms(['redis-server'], 'results that many wait for', () => {
  test('10,000 at the same time share two connections and a look, and each gets its own [BK-036, BK-047, BK-050]', async () => {
    const { client, worker, connections, callsOf } = await setup();
    const ids = Array.from({ length: 10_000 }, (_, n) => `task-${n}`);
    const results = ids.map((id) => client.asyncResult<string>(id));
    const values = Promise.all(results.map((result) => result.get({ timeout: '2m' })));
    // Their look came before this one, over the same connection.
    await client.asyncResult('other').exists();
    await worker.backend();
    const looks = await callsOf('mget');
    await Promise.all(ids.map((id) => worker.kernel.results.store(record(id))));
    expect(await values).toEqual(ids);
    expect(await connections()).toBeLessThanOrEqual(5);
    expect(looks).toBeLessThan(20);
  });

  test('of all states of one tells those as they are stored, without asking again [BK-036]', async () => {
    const { client, worker, callsOf } = await setup();
    const seen: unknown[] = [];
    const isWatched = deferred<void>();
    const watched = (async () => {
      for await (const change of client.asyncResult('id').watch({ timeout: '1m' })) {
        seen.push(change.record?.result ?? change.state);
        isWatched.resolve();
      }
    })();
    await isWatched.promise;
    for (let done = 1; done <= 20; done += 1)
      await worker.kernel.results.store(record('id', { status: 'PROGRESS', result: done }));
    await worker.kernel.results.store(record('id', { result: 'end' }));
    await watched;
    expect(seen[0]).toBe('PENDING');
    expect(seen.at(-1)).toBe('end');
    const progress = seen.slice(1, -1) as number[];
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
    expect(await callsOf('mget')).toBeLessThan(10);
  });
});
