import { Ctq } from '@ctq/core';
import { type Opening, startFaultProxy } from '@ctq/test-services';
import { describeWith } from '@ctq/test-services/vitest';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { redisBackend } from './redis-backend.js';

describeWith('redis', 'Who waits for a result', (url) => {
  const connections = {
    'all connections': () => true,
    'the connection that tells of results': ({ greeting }) => greeting.includes('ctq-results-subscriber'),
    'the connection for commands': ({ greeting }) => !greeting.includes('ctq-results-subscriber'),
  } satisfies Record<string, (opening: Opening) => boolean>;

  test.concurrent.for(Object.entries(connections))(
    'has it soon, although %s lead(s) nowhere',
    { timeout: 60_000 },
    async ([, only]) => {
      const { hostname: host, port } = new URL(url);
      await using proxy = await startFaultProxy({ target: { host, port: Number(port) } });
      const globalKeyprefix = `waiting-${crypto.randomUUID()}:`;
      await using here = new Ctq('here', { backend: redisBackend({ url: proxy.through(url), globalKeyprefix }) });
      await using there = new Ctq('there', { backend: redisBackend({ url, globalKeyprefix }) });
      const taskId = crypto.randomUUID();
      const result = here.asyncResult<number>(taskId).get({ timeout: 60 });
      const admin = new Redis(url);
      const listeners = async (): Promise<number> =>
        Number((await admin.pubsub('NUMSUB', `${globalKeyprefix}celery-task-meta-${taskId}`))[1]);
      while ((await listeners()) === 0) await new Promise((resolve) => setTimeout(resolve, 20));

      await proxy.inject({ kind: 'half-open', only }).over;
      const record = { taskId, status: 'SUCCESS', result: 5, traceback: null, children: [], dateDone: null } as const;
      await there.kernel.results.store(record);
      const late = new Promise((_, reject) => setTimeout(reject, 20_000, new Error('No result within twenty seconds')));
      expect(await Promise.race([result, late])).toBe(5);
      admin.disconnect();
    },
  );
});
