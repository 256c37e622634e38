import { BackendStoreError, type KeyValueStore } from '@ctq/core/backend';
import { keyValueStoreConformance, resultBackendConformance } from '@ctq/core/conformance';
import { createLogger, deferred, type LogRecord, silentLogger, systemClock } from '@ctq/runtime';
import {
  makeCertificates,
  type PrivateRedis,
  type RedisCluster,
  startCluster,
  startRedisServer,
} from '@ctq/test-services';
import { describeWithPrograms } from '@ctq/test-services/vitest';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createStore, redisBackend, redisStore } from './redis-backend.js';

const bytes = (text: string): Uint8Array => Buffer.from(text);
const textOf = (found: ReadonlyMap<string, Uint8Array>, key: string): string =>
  Buffer.from(found.get(key) ?? []).toString();

async function opened(store: KeyValueStore, lines: LogRecord[] = []): Promise<KeyValueStore> {
  const logger = createLogger((line) => lines.push(line));
  await store.open({ clock: systemClock, logger }, AbortSignal.timeout(10_000));
  onTestFinished(() => store.close());
  return store;
}

async function start(...options: Parameters<typeof startRedisServer>): Promise<PrivateRedis> {
  const redis = await startRedisServer(...options);
  onTestFinished(() => redis.stop());
  return redis;
}

function adminOf({ port }: PrivateRedis): Redis {
  const admin = new Redis(port, '127.0.0.1');
  onTestFinished(() => admin.disconnect());
  return admin;
}

describeWithPrograms(['redis-server', 'redis-cli'], 'results in a cluster of Redis', () => {
  let cluster: RedisCluster | undefined;
  // Asked for what it can do before there is a cluster.
  const url = (): string =>
    `redis+cluster://${cluster?.nodes.map(({ port }) => `127.0.0.1:${port}`).join(',') ?? 'unknown'}`;

  beforeAll(async () => {
    cluster = await startCluster({ masters: 3 });
  });

  afterAll(() => cluster?.stop());

  describe('are a result backend', () => {
    const create = (): ReturnType<typeof redisBackend> => redisBackend({ url: url(), globalKeyprefix: '{results}:' });
    for (const { name, isSupported, run } of resultBackendConformance({ create })) test.skipIf(!isSupported)(name, run);
  });

  describe('are a key-value store', () => {
    const create = (): KeyValueStore => redisStore({ url: url(), globalKeyprefix: '{store}:' });
    for (const { name, isSupported, run } of keyValueStoreConformance({ create })) test.skipIf(!isSupported)(name, run);
  });
});

describeWithPrograms(['redis-server'], 'a store in Redis', () => {
  test('has its keys under its prefix, unseen by whoever uses it', async () => {
    const redis = await start();
    const store = await opened(redisStore({ url: redis.url, globalKeyprefix: 'shop:' }));
    await store.setMany([{ key: 'a', value: bytes('1') }]);
    await store.compareAndSet?.('b', 0, bytes('2'));
    expect((await adminOf(redis).keys('*')).sort()).toEqual([
      'shop:a',
      'shop:b',
      'shop:b\x00version',
      'shop:ctq.versions',
    ]);
    expect(await store.list?.('')).toEqual(['a', 'b']);
    expect(textOf(await store.getMany(['a']), 'a')).toBe('1');
  });

  test('is found again when the server was restarted, with all that is listened to', async () => {
    const redis = await start();
    const store = await opened(redisStore({ url: redis.url }));
    const told = deferred<readonly string[]>();
    await store.watch?.(['a'], (keys) => told.resolve(keys));
    await redis.kill();
    await expect(store.getMany(['a'])).rejects.toMatchObject({ recoverable: true });
    await redis.startAgain();
    // The next one that needs it makes the connection.
    await store.getMany(['a']);
    const admin = adminOf(redis);
    while ((await admin.publish('a', '')) === 0);
    expect(await told.promise).toEqual(['a']);
    await store.setMany([{ key: 'a', value: bytes('1') }]);
  });

  test('that was demoted is looked for again [MS-153]', async () => {
    const [redis, other] = [await start(), await start()];
    const store = await opened(redisStore({ url: redis.url }));
    const admin = adminOf(redis);
    await admin.replicaof('127.0.0.1', other.port);
    const write = (): Promise<void> => store.setMany([{ key: 'a', value: bytes('1') }]);
    const refused: unknown = await write().catch((error: unknown) => error);
    expect(BackendStoreError.isInstance(refused) && refused.recoverable).toBe(true);
    await admin.replicaof('NO', 'ONE');
    await write();
    expect(textOf(await store.getMany(['a']), 'a')).toBe('1');
  });

  test('that does not answer in time is asked once more where that is wanted [BK-058]', async () => {
    const redis = await start();
    const [once, twice] = await Promise.all(
      [false, true].map((retry_on_timeout) =>
        opened(createStore(redis.url, { socket_timeout: '200ms' }, { retry_on_timeout, socket_timeout: 120 })),
      ),
    );
    const admin = adminOf(redis);
    await admin.client('PAUSE', 300, 'ALL');
    const outcomes = await Promise.allSettled([once?.getMany(['a']), twice?.getMany(['a'])]);
    expect(outcomes).toEqual([
      { status: 'rejected', reason: expect.objectContaining({ message: expect.stringContaining('Socket timeout') }) },
      { status: 'fulfilled', value: new Map() },
    ]);
  });

  test('whose memory is full refuses what is to be kept and gives what it has', async () => {
    const redis = await start();
    const store = await opened(redisStore({ url: redis.url }));
    await store.setMany([{ key: 'a', value: bytes('1') }]);
    await adminOf(redis).config('SET', 'maxmemory', '1');
    const refused: unknown = await store.setMany([{ key: 'b', value: bytes('2') }]).catch((error: unknown) => error);
    expect(BackendStoreError.isInstance(refused) && refused.recoverable).toBe(true);
    expect(textOf(await store.getMany(['a']), 'a')).toBe('1');
    await store.deleteMany(['a']);
  });

  test("is reached as a program's own client is, which is left alone", async () => {
    const redis = await start({ config: { requirepass: 'secret' } });
    const own = new Redis(redis.port, '127.0.0.1', { password: 'secret' });
    onTestFinished(() => own.disconnect());
    const store = await opened(redisStore({ client: own }));
    await store.setMany([{ key: 'a', value: bytes('1') }]);
    await store.close();
    expect(await own.get('a')).toBe('1');
  });

  test('is closed while it connects again', async () => {
    const redis = await start();
    const store = await opened(redisStore({ url: redis.url }));
    await redis.kill();
    const refused = Promise.allSettled([store.getMany(['a']), store.getMany(['a'])]);
    await store.close();
    expect((await refused).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });
});

describeWithPrograms(['redis-server', 'openssl'], 'a backend of a URL with TLS', () => {
  test('checks the certificate, and takes it from the query or from settings [BK-045]', async () => {
    const redis = await start();
    const certificates = await makeCertificates(redis.folder, 'ours');
    const secure = await start({ tls: certificates });
    const open = async (url: string, defaults: object = {}): Promise<void> => {
      const store = createStore(url, {}, { ...defaults });
      await store.open({ clock: systemClock, logger: silentLogger }, AbortSignal.timeout(10_000));
      await store.close();
    };
    const ca = { ssl_cert_reqs: 'CERT_REQUIRED', ssl_ca_certs: certificates.authority };
    await expect(open(secure.url)).rejects.toMatchObject({ recoverable: false });
    await open(`${secure.url}?ssl_cert_reqs=CERT_REQUIRED&ssl_ca_certs=${certificates.authority}`);
    await open(secure.url, { tls: ca });
    await open(secure.url.replace('rediss', 'redis'), { tls: ca });
    expect(() => createStore('redis://h?ssl_ca_certs=/ca.pem')).toThrow('write rediss://');
  });
});
