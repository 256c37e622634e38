import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { exchange } from '../probes/exchange.js';
import { describeWithPrograms } from '../vitest.js';
import { type PrivateRedis, startRedisServer } from './private-redis.js';
import { startSentinel } from './sentinel.js';

async function ask({ port }: PrivateRedis, command: string): Promise<string> {
  const greeting = Buffer.from(`${command}\r\n`);
  return String(await exchange(`redis://127.0.0.1:${port}`, greeting, (bytes) => bytes.includes('\r\n')));
}

function isRefused({ port }: PrivateRedis): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', () => resolve(true));
  });
}

describeWithPrograms(['redis-server'], "a test's own Redis", () => {
  test('comes back after a kill, on its port and with its files, and leaves nothing when it is stopped', async () => {
    const redis = await startRedisServer({ config: { appendonly: 'yes', appendfsync: 'always' } });
    expect(await ask(redis, 'SET key value')).toBe('+OK\r\n');
    await redis.kill();
    expect(await isRefused(redis)).toBe(true);
    await redis.startAgain();
    expect(await ask(redis, 'STRLEN key')).toBe(':5\r\n');
    await Promise.all([redis.stop(), redis.stop()]);
    expect(await isRefused(redis)).toBe(true);
    expect(existsSync(redis.folder)).toBe(false);
  });

  test('leaves nothing either when it is stopped after a kill', async () => {
    const redis = await startRedisServer();
    await redis.kill();
    await redis.stop();
    expect(existsSync(redis.folder)).toBe(false);
  });

  test('answers nobody while it is frozen, and can be stopped then', async () => {
    const redis = await startRedisServer();
    redis.freeze();
    const answer = ask(redis, 'PING');
    const early = await Promise.race([answer, new Promise((resolve) => setTimeout(resolve, 200, 'nothing'))]);
    expect(early).toBe('nothing');
    redis.thaw();
    expect(await answer).toBe('+PONG\r\n');
    redis.freeze();
    await redis.stop();
    expect(await isRefused(redis)).toBe(true);
  });

  test('has replicas and sentinels', async () => {
    await using master = await startRedisServer();
    await using replica = await startRedisServer({ replicaOf: master });
    await using sentinel = await startSentinel({ masterName: 'shop', master, quorum: 1 });
    expect(await ask(replica, 'SET key value')).toMatch(/^-READONLY/);
    expect(await ask(sentinel, 'SENTINEL CKQUORUM shop')).toMatch(/^\+OK/);
  });

  test('says what is wrong with its configuration', async () => {
    await expect(startRedisServer({ config: { nonsense: 'yes' } })).rejects.toThrow(
      /ended before it was ready[^]*nonsense/,
    );
  });
});
