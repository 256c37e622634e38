import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, type TestContext } from 'vitest';
import { exchange } from './probes/exchange.js';
import { probes } from './probes/probes.js';
import { type PrivateRedis, startPrivateRedis } from './private-redis.js';

describe('a private Redis', () => {
  let redis: PrivateRedis | undefined;

  beforeEach(async () => {
    redis = await startPrivateRedis({ appendonly: 'yes', appendfsync: 'always' });
  });

  afterEach(() => redis?.stop());

  function installed(context: TestContext): PrivateRedis {
    if (redis !== undefined) return redis;
    if (process.env['CTQ_REQUIRE_SERVICES'] === '1') throw new Error('redis is not installed');
    return context.skip('[no redis]');
  }

  const ask = async (url: string, command: string): Promise<string> =>
    (await exchange(url, Buffer.from(`${command}\r\n`), (bytes) => bytes.includes('\r\n'))).toString();

  it('has after a crash what it kept', async (context) => {
    const { url, crash } = installed(context);
    expect(await ask(url, 'SET kept yes')).toBe('+OK\r\n');
    await crash();
    expect(await ask(url, 'EXISTS kept')).toBe(':1\r\n');
  });

  it('answers nobody while it is frozen', async (context) => {
    const { url, freeze, thaw } = installed(context);
    freeze();
    const answer = ask(url, 'PING');
    const early = await Promise.race([answer, new Promise((resolve) => setTimeout(resolve, 200, 'nothing'))]);
    expect(early).toBe('nothing');
    thaw();
    expect(await answer).toBe('+PONG\r\n');
  });

  it('stops, also when it is frozen', async (context) => {
    const { url, freeze, stop } = installed(context);
    freeze();
    await Promise.all([stop(), stop()]);
    await expect(probes.redis(url)).rejects.toThrow();
    const { port } = new URL(url);
    const code = await new Promise((resolve) =>
      connect(Number(port), '127.0.0.1').once('error', (error: NodeJS.ErrnoException) => resolve(error.code)),
    );
    expect(code).toBe('ECONNREFUSED');
  });
});
