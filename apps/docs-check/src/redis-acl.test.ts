import { readFileSync } from 'node:fs';
import { createBackend } from '@ctq/backend-redis';
import { chord, Ctq } from '@ctq/core';
import { resultBackendConformance } from '@ctq/core/conformance';
import { transportConformance } from '@ctq/messaging/conformance';
import { createLogger, Deadline, type LogRecord } from '@ctq/runtime';
import { type PrivateRedis, startRedisServer } from '@ctq/test-services';
import { describeWithPrograms } from '@ctq/test-services/vitest';
import { createTransport } from '@ctq/transport-redis';
import { Worker } from '@ctq/worker';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const guide = readFileSync(new URL('../../../docs/guides/redis.md', import.meta.url), 'utf8');
/** What the guide says an administrator should type. */
const recipe = guide.split('\n').filter((line) => line.startsWith('ACL SETUSER '));

describeWithPrograms(['redis-server'], "the guide's users of Redis", () => {
  let server: PrivateRedis | undefined;
  const prefix = { globalKeyprefix: 'shop:' };

  /** As the guide says, on the port of this server; before there is one, for what an adapter says about itself. */
  function urlOf(user: 'shop-broker' | 'shop-results', db: number): string {
    const [, password] = new RegExp(`${user} on >(\\S+)`).exec(recipe.join('\n')) ?? [];
    return `redis://${user}:${password}@127.0.0.1:${server?.port ?? 1}/${db}`;
  }

  beforeAll(async () => {
    server = await startRedisServer();
    const admin = new Redis(server.url);
    for (const line of recipe) {
      const [command = '', ...words] = line.split(' ');
      await admin.call(command, ...words);
    }
    await admin.acl('SETUSER', 'default', 'off');
    admin.disconnect();
  });

  afterAll(() => server?.stop());

  test('are a broker and a result backend', () => {
    expect(recipe).toHaveLength(2);
  });

  describe('can do all that a transport does', () => {
    const create = () => createTransport(urlOf('shop-broker', 0), { ...prefix, leaseDuration: '2s' });
    for (const { name, isSupported, run } of transportConformance({ create })) test.skipIf(!isSupported)(name, run);
  });

  describe('can do all that a result backend does', () => {
    const create = () => createBackend(urlOf('shop-results', 1), prefix);
    for (const { name, isSupported, run } of resultBackendConformance({ create })) test.skipIf(!isSupported)(name, run);
  });

  test('run a chord, with a task that waits for its time, and nothing is said of it in the log', async () => {
    const lines: LogRecord[] = [];
    await using app = new Ctq('shop', {
      broker: urlOf('shop-broker', 0),
      backend: urlOf('shop-results', 1),
      brokerTransportOptions: prefix,
      resultBackendTransportOptions: prefix,
      logger: createLogger((line) => lines.push(line)),
      module: import.meta.url,
    });
    const add = app.task('add', (x: number, y: number) => x + y);
    const sum = app.task('sum', (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0));
    const worker = new Worker(app, {});
    await worker.start();
    const header = [add.s(1, 2), add.s(3, 4).set({ countdown: 0.2 })];
    const result = await chord(header, sum.s()).delay();
    expect(await result.get({ timeout: '20s' })).toBe(10);
    await worker.stop(Deadline.after(5_000));
    expect(lines.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([]);
  });

  test('can do nothing else', async () => {
    for (const user of ['shop-broker', 'shop-results'] as const) {
      const client = new Redis(urlOf(user, 0));
      for (const command of [
        ['KEYS', '*'],
        ['FLUSHALL'],
        ['CONFIG', 'GET', '*'],
        ['GET', 'other'],
        ['CLIENT', 'LIST'],
        ['SCRIPT', 'FLUSH'],
      ]) {
        const [name = '', ...words] = command;
        await expect(client.call(name, ...words)).rejects.toThrow('NOPERM');
      }
      client.disconnect();
    }
  });
});
