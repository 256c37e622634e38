import { fileURLToPath } from 'node:url';
import { redisBackend } from '@ctq/backend-redis';
import { Ctq } from '@ctq/core';
import { startProgram } from '@ctq/docs-check/program';
import { deferred } from '@ctq/runtime';
import { environmentVariable, startServices, redisDatabase } from '@ctq/test-services';
import { describeWith } from '@ctq/test-services/vitest';
import { redis } from '@ctq/transport-redis';
import { Redis } from 'ioredis';
import { type TestContext, test, vi } from 'vitest';
import type { block, double, wait } from './worker-tasks.js';

const cli = fileURLToPath(import.meta.resolve('@ctq/cli/bin'));
const tasks = fileURLToPath(new URL('../dist/worker-tasks.js', import.meta.url));

const leaseSeconds = 5;
/** Twelve leases. All tests here wait at the same time, and one of them for a minute in any case. */
const blockedMs = 60_000;

describeWith('redis', 'A worker process on Redis', (url) => {
  function setup({ onTestFinished }: TestContext) {
    const database = redisDatabase(url, 'soakWorkers');
    const prefix = `${crypto.randomUUID()}:`;
    const app = new Ctq('holding', {
      broker: redis({ url: database, globalKeyprefix: prefix }),
      backend: redisBackend({ url: database }),
    });
    const journal = new Redis(database);
    const env = {
      CTQ_BROKER_URL: `${database}?lease_duration=${leaseSeconds}s&global_keyprefix=${prefix}`,
      CTQ_RESULT_BACKEND: database,
    };
    onTestFinished(async () => {
      await app.close();
      journal.disconnect();
    });
    const executions = async (id: string): Promise<readonly number[]> =>
      (await journal.lrange(`executed:${id}`, 0, -1)).map(Number);
    const held = (): Promise<number> => journal.hlen(`${prefix}unacked`);
    return {
      block: app.remote<typeof block>('holding.block'),
      wait: app.remote<typeof wait>('holding.wait'),
      executions,
      /** A worker process that is ready. */
      async start(...queues: readonly string[]) {
        const name = crypto.randomUUID();
        const options = { env, timeoutMs: blockedMs + 60_000 };
        const args = ['-A', tasks, 'worker', '-l', 'info', '-n', name, '-Q', queues.join()];
        const worker = startProgram(cli, args, options);
        onTestFinished(() => {
          // Frozen ones too.
          worker.kill('SIGKILL');
        });
        await worker.line(/ ready\.$/);
        return worker;
      },
      /** The processes that have executed a task, once there are so many. */
      async executedBy(id: string, count: number): Promise<readonly number[]> {
        await eventually(async () => (await executions(id)).length >= count);
        return await executions(id);
      },
      openGate: (process: number | undefined) => journal.rpush(`gate:${process}`, 'open'),
      /** How many messages are held by anybody. */
      held,
      /** Whoever held something has acknowledged it. */
      nothingHeld: () => eventually(async () => (await held()) === 0),
    };
  }

  test.concurrent(
    'keeps what it holds while a task blocks its event loop for 60 s with a lease of 5 s, beside a worker that sweeps',
    async (context) => {
      const { expect } = context;
      const { block, wait, executedBy, executions, start, openGate, nothingHeld } = setup(context);
      const blocked = await start('long');
      const long = await block.applyAsync([blockedMs], { queue: 'long' });
      const [owner] = await executedBy(long.id, 1);

      // Another worker sweeps meanwhile: it is given what a third one held that is dead.
      const victim = await start('short');
      const short = await wait.applyAsync([], { queue: 'short' });
      await executedBy(short.id, 1);
      victim.kill('SIGKILL');
      const other = await start('long', 'short');
      const [, heir] = await executedBy(short.id, 2);
      await openGate(heir);
      expect(await short.get({ timeout: '30s' })).toBe(heir);
      expect(await long.ready()).toBe(false);

      expect(await long.get({ timeout: `${blockedMs + 30_000}ms` })).toBe(owner);
      await blocked.line(new RegExp(`holding\\.block\\[${long.id}\\] succeeded`));
      expect(await executions(long.id)).toEqual([owner]);
      expect(other.lines.filter((line) => line.includes(long.id))).toEqual([]);
      await nothingHeld();
    },
    blockedMs + 60_000,
  );

  test.concurrent('stores and settles nothing of what went to another while it was frozen for longer than its lease', async (context) => {
    const { expect } = context;
    const { wait, executedBy, executions, start, openGate, held, nothingHeld } = setup(context);
    const frozen = await start('frozen');
    const result = await wait.applyAsync([], { queue: 'frozen' });
    await executedBy(result.id, 1);
    frozen.kill('SIGSTOP');
    await start('frozen');
    const [former, holder] = await executedBy(result.id, 2);
    expect(holder).not.toBe(former);

    frozen.kill('SIGCONT');
    await openGate(former);
    await frozen.line(new RegExp(`holding\\.wait\\[${result.id}\\] belongs to another worker by now.* is dropped`));
    expect(await result.state()).toBe('PENDING');
    expect(await held()).toBe(1);

    await openGate(holder);
    expect(await result.get({ timeout: '30s' })).toBe(holder);
    await nothingHeld();
    expect(await executions(result.id)).toEqual([former, holder]);
    expect(await result.get()).toBe(holder);
  }, 120_000);

  // A whole minute, since some of what it does it does once a minute; it costs the test nothing but waiting. Not counted with INFO commandstats, which counts
  // what scripts call as well.
  test.concurrent('sends no more than twelve commands a minute when it has nothing to do', async (context) => {
    const { expect, onTestFinished } = context;
    vi.stubEnv(environmentVariable.redis, '');
    const services = await startServices({ redis: true });
    vi.unstubAllEnvs();
    const quiet = services.redis?.url ?? '';
    const admin = new Redis(quiet);
    const monitor = await admin.monitor();
    // Its heartbeats are a command every two seconds, and queues for events and commands are kept alive: that is what being one of several costs.
    const alone = ['--without-heartbeat', '--without-gossip', '--without-mingle', 'worker_enable_remote_control=no'];
    const worker = startProgram(cli, ['-A', tasks, 'worker', '-l', 'info', ...alone], {
      env: { CTQ_BROKER_URL: quiet, CTQ_RESULT_BACKEND: quiet },
      timeoutMs: 120_000,
    });
    const app = new Ctq('holding', { broker: redis({ url: quiet }), backend: redisBackend({ url: quiet }) });
    onTestFinished(async () => {
      worker.kill('SIGKILL');
      await app.close();
      monitor.disconnect();
      admin.disconnect();
      await services.stop();
    });
    await worker.line(/ ready\.$/);
    // It has run something and stored a result: all of its connections are open.
    const result = await app.remote<typeof double>('holding.double').delay(1);
    expect(await result.get({ timeout: '30s' })).toBe(2);
    await app.close();
    await eventually(async () => (await admin.hlen('unacked')) === 0);
    // The lease of what it held would be found and ended once, later on: that is not what comes again each minute.
    await admin.del('ctq.leases');

    const sent: string[] = [];
    const over = deferred();
    monitor.on('monitor', (_time: string, [name = '', text]: readonly string[], source: string) => {
      if (text === 'begin') sent.length = 0;
      else if (text === 'end') over.resolve();
      else if (source !== 'lua') sent.push(name);
    });
    await admin.echo('begin');
    await new Promise((resolve) => setTimeout(resolve, 60_000));
    await admin.echo('end');
    await over.promise;
    expect(sent.length).toBeGreaterThan(0);
    expect(sent.length, sent.join()).toBeLessThanOrEqual(12);
  }, 150_000);
});

/** Resolves when it is so; a test that it never becomes so for runs into its own time limit. */
async function eventually(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 20));
}
