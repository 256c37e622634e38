import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import {
  camelCaseOptions,
  createLogger,
  type LogRecord,
  silentLogger,
  systemClock,
  toError,
  VirtualClock,
} from '@ctq/runtime';
import {
  type Certificates,
  makeCertificates,
  type PrivateRedis,
  type PrivateRedisOptions,
  startRedisServer,
} from '@ctq/test-services';
import { describeWithPrograms } from '@ctq/test-services/vitest';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { disconnectRedis } from './connect.js';
import { RedisServer } from './redis-server.js';
import { splitOptions } from './redis-url.js';
import { refusalOf } from './refusal.js';
import { redisServerConfig } from './server-config.js';

function serverOf(options: Readonly<Record<string, unknown>>): RedisServer {
  return new RedisServer(
    redisServerConfig(camelCaseOptions(options), { adapter: 'redis', keyPrefix: '', connections: 3 }),
  );
}

/** Connects, for the time of the test. */
async function connect(server: RedisServer, lines: LogRecord[] = []): Promise<Redis> {
  const logger = createLogger((line) => lines.push(line));
  const client = await server.connect({ role: '', clock: systemClock, logger }, AbortSignal.timeout(10_000));
  onTestFinished(() => disconnectRedis(client));
  return client;
}

async function refusedBy(options: Readonly<Record<string, unknown>>): Promise<Error> {
  return await connect(serverOf(options)).then(
    () => expect.fail('it was connected to'),
    (error: unknown) => toError(error),
  );
}

async function start(options: PrivateRedisOptions = {}): Promise<PrivateRedis> {
  const redis = await startRedisServer(options);
  onTestFinished(() => redis.stop());
  return redis;
}

describeWithPrograms(['redis-server', 'openssl'], 'TLS', () => {
  let folder: string;
  let ours: Certificates;
  let theirs: Certificates;
  let redis: PrivateRedis;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ctq-certificates-'));
    ours = await makeCertificates(folder, 'ours');
    theirs = await makeCertificates(folder, 'theirs');
    redis = await startRedisServer({ tls: ours });
  });

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
    await redis.stop();
  });

  const query = (url: string): Readonly<Record<string, unknown>> => {
    const { url: address, options } = splitOptions(url);
    return { ...options, url: address };
  };

  test("is believed with the authority's certificate, by a path in the URL or in options of either kind [MS-150, BK-045]", async () => {
    for (const options of [
      query(`${redis.url}?ssl_cert_reqs=required&ssl_ca_certs=${encodeURIComponent(ours.authority)}`),
      { url: redis.url.replace('rediss', 'redis'), tls: { ssl_ca_certs: ours.authority, ssl_cert_reqs: 'required' } },
      { url: redis.url.replace('rediss', 'valkeys'), ssl_ca_certs: ours.authority },
    ]) {
      const lines: LogRecord[] = [];
      expect(await (await connect(serverOf(options), lines)).ping()).toBe('PONG');
      expect(lines).toEqual([]);
    }
  });

  test('is not believed without it, with that of another, or under another name [MS-150, BK-045]', async () => {
    const none = await refusedBy({ url: redis.url });
    const other = await refusedBy({ url: redis.url, ssl_ca_certs: theirs.authority });
    const renamed = await refusedBy({ url: redis.url.replace('localhost', '127.0.0.1'), ssl_ca_certs: ours.authority });
    expect([none, other, renamed].map((error) => (error as NodeJS.ErrnoException).code)).toEqual([
      'SELF_SIGNED_CERT_IN_CHAIN',
      'SELF_SIGNED_CERT_IN_CHAIN',
      'ERR_TLS_CERT_ALTNAME_INVALID',
    ]);
    // Trying again does not help.
    for (const error of [none, other, renamed]) expect(refusalOf(error).recoverable).toBe(false);
  });

  test('is used unchecked where that is asked for, which is said once [BK-045]', async () => {
    for (const [options, what] of [
      [{ url: redis.url, ssl_cert_reqs: 'none' }, 'certificate'],
      [
        {
          url: redis.url.replace('localhost', '127.0.0.1'),
          ssl_ca_certs: ours.authority,
          ssl_check_hostname: false,
        },
        'host name',
      ],
    ] as const) {
      const lines: LogRecord[] = [];
      const server = serverOf(options);
      await connect(server, lines);
      await connect(server, lines);
      expect(lines.map(({ level, message }) => [level, message])).toEqual([
        ['warn', expect.stringMatching(`The ${what} of rediss://.* is not checked`)],
      ]);
    }
  });

  test("shows the server a client's certificate, where it asks for one [BK-045]", async () => {
    const strict = await start({ tls: { ...ours, asksForCertificate: true } });
    const options = { url: strict.url, ssl_ca_certs: ours.authority };
    await refusedBy(options);
    await refusedBy({ ...options, ssl_certfile: theirs.client.certificate, ssl_keyfile: theirs.client.key });
    const client = await connect(
      serverOf({ ...options, ssl_certfile: ours.client.certificate, ssl_keyfile: ours.client.key }),
    );
    expect(await client.ping()).toBe('PONG');
  });

  test('is not tried where a file of it cannot be read', async () => {
    const error = await refusedBy({ url: redis.url, ssl_ca_certs: join(folder, 'none.pem') });
    expect(error).toMatchObject({ code: 'CTQ_BAD_OPTION', message: expect.stringContaining('none.pem') });
  });
});

describeWithPrograms(['redis-server'], 'a server', () => {
  test('is reached through its unix socket [MS-151, BK-043]', async () => {
    const redis = await start();
    for (const url of [`redis+socket://${redis.socket}`, `socket://${redis.socket}`, `unix://${redis.socket}`]) {
      const client = await connect(serverOf({ url, virtual_host: 3 }));
      expect(String(await client.client('INFO'))).toMatch(/ db=3 /);
    }
  });

  test('knows its connections by name, beside one another [BK-058]', async () => {
    const redis = await start();
    const server = serverOf({ url: redis.url, client_name: 'shop' });
    const client = await connect(server);
    const context = { role: 'subscriber', clock: systemClock, logger: silentLogger };
    const beside = await server.connectBeside(client, context, AbortSignal.timeout(10_000));
    onTestFinished(() => disconnectRedis(beside));
    expect([await client.client('GETNAME'), await beside.client('GETNAME')]).toEqual(['shop', 'shop-subscriber']);
  });

  test('asks for credentials at every connection, which come from where they are kept [BK-058]', async () => {
    const redis = await start({ config: { requirepass: 'first' } });
    const passwords = ['first', 'second'];
    const server = serverOf({ url: redis.url, credential_provider: () => ({ password: passwords.shift() }) });
    const client = await connect(server);
    await client.config('SET', 'requirepass', 'second');
    expect(await (await connect(server)).ping()).toBe('PONG');
    expect(passwords).toEqual([]);
  });

  test('that refuses the password, or has no such database, is of no use however often it is tried', async () => {
    const redis = await start({ config: { requirepass: 'secret', databases: 4 } });
    for (const url of [
      redis.url.replace('//', '//:wrong@'),
      redis.url,
      redis.url.replace('//', '//:secret@').replace('/0', '/9'),
    ]) {
      const error = await refusedBy({ url });
      expect(refusalOf(error)).toMatchObject({ recoverable: false });
      // ioredis keeps the arguments of the command in it.
      expect(inspect(error, { depth: 10, showHidden: true })).not.toMatch(/secret|wrong/);
    }
  });

  test('that reads its data first is tried again [MS-153]', async () => {
    const redis = await start({ config: { appendonly: 'yes' } });
    const filler = new Redis(redis.url);
    onTestFinished(() => filler.disconnect());
    const pipeline = filler.pipeline();
    for (let at = 0; at < 20_000; at += 1) pipeline.set(`filler-${at}`, '');
    await pipeline.exec();
    filler.disconnect();
    await redis.kill();
    // Half a millisecond for each key, and an ear for clients in between.
    const slowly = { 'key-load-delay': 500, 'loading-process-events-interval-bytes': 1_024 };
    await redis.startAgain({ config: slowly, until: 'listening' });
    const error = await refusedBy({ url: redis.url });
    expect(refusalOf(error)).toMatchObject({ recoverable: true, isPassing: false, isElsewhere: true });
    expect(error.message).toMatch(/^LOADING/);
  });

  test('that is a read-only replica is not the right one [MS-153]', async () => {
    const master = await start();
    const replica = await start({ replicaOf: master });
    const refused = await refusedBy({ url: replica.url });
    const client = new Redis(replica.url);
    onTestFinished(() => client.disconnect());
    const written = await client.lpush('queue', 'x').catch((error: unknown) => toError(error));
    const inTransaction = await client
      .multi()
      .lpush('queue', 'x')
      .exec()
      .catch((error: unknown) => toError(error));
    const inScript = await client
      .eval("return redis.call('LPUSH', KEYS[1], 'x')", 1, 'queue')
      .catch((error: unknown) => toError(error));
    for (const error of [refused, written, inTransaction, inScript])
      expect(refusalOf(error as Error)).toMatchObject({ recoverable: true, isPassing: false, isElsewhere: true });
  });

  test('whose memory is full, or whose disk, refuses commands and nothing else', async () => {
    const redis = await start();
    const client = await connect(serverOf({ url: redis.url }));
    await client.config('SET', 'maxmemory', '1');
    const write = (): Promise<unknown> => client.lpush('queue', 'x');
    const transaction = (): Promise<unknown> => client.multi().lpush('queue', 'x').exec();
    const script = (): Promise<unknown> => client.eval("return redis.call('LPUSH', KEYS[1], 'x')", 1, 'queue');
    const errors: unknown[] = [];
    for (const refuse of [write, transaction, script]) errors.push(await refuse().catch((error: unknown) => error));
    await client.config('SET', 'maxmemory', '0');
    // A folder that is not there any more cannot be written to.
    await client.config('SET', 'save', '1 1');
    await rm(redis.folder, { recursive: true, force: true });
    await client.set('key', 'value');
    await client.bgsave();
    while (!(await client.info('persistence')).includes('rdb_last_bgsave_status:err'));
    errors.push(await client.lpush('queue', 'x').catch((error: unknown) => error));
    for (const error of errors)
      expect(refusalOf(toError(error))).toMatchObject({ recoverable: true, isPassing: true, isElsewhere: false });
    const codes = errors.map((error) => refusalOf(toError(error)).reason.split(' ')[0]);
    expect(codes).toEqual(['OOM', 'OOM', 'OOM', 'MISCONF']);
  });

  test('that deletes keys when its memory is full is warned of once', async () => {
    const redis = await start({ config: { 'maxmemory-policy': 'allkeys-lru' } });
    const lines: LogRecord[] = [];
    const server = serverOf({ url: redis.url });
    await connect(server, lines);
    await connect(server, lines);
    expect(lines.map(({ message }) => message)).toEqual([expect.stringContaining('has to be noeviction')]);
  });

  test.each([
    ['by default', {}, 60],
    ['as health_check_interval says', { health_check_interval: 5 }, 5],
  ])('that only listens is asked whether it is alive, %s [BK-058]', async (_, options, seconds) => {
    const redis = await start();
    const clock = new VirtualClock();
    const context = { role: 'listener', clock, logger: silentLogger, probeEveryMs: 60_000 };
    const listening = await serverOf({ url: redis.url, ...options }).connect(context, AbortSignal.timeout(10_000));
    onTestFinished(() => disconnectRedis(listening));
    await listening.subscribe('channel');
    let pings = 0;
    const send = listening.sendCommand.bind(listening);
    listening.sendCommand = (command, stream) => {
      if (command.name === 'ping') pings += 1;
      return send(command, stream);
    };
    // The first look notes what was heard, the second finds that it is still the same.
    await clock.advance(seconds * 1_000);
    expect(pings).toBe(0);
    await clock.advance(seconds * 1_000);
    expect(pings).toBe(1);
  });

  test('that only listens is asked nothing where health_check_interval is 0 [BK-058]', async () => {
    const redis = await start();
    const clock = new VirtualClock();
    const context = { role: 'listener', clock, logger: silentLogger, probeEveryMs: 60_000 };
    const server = serverOf({ url: redis.url, health_check_interval: 0 });
    const listening = await server.connect(context, AbortSignal.timeout(10_000));
    onTestFinished(() => disconnectRedis(listening));
    await listening.subscribe('channel');
    const send = listening.sendCommand.bind(listening);
    listening.sendCommand = (command, stream) => {
      expect(command.name).not.toBe('ping');
      return send(command, stream);
    };
    await clock.advance(600_000);
  });

  test.skipIf(process.platform === 'win32')('is given up after socket_timeout without an answer [BK-058]', async () => {
    const redis = await start();
    const client = await connect(serverOf({ url: redis.url, socket_timeout: '200ms', health_check_interval: 0 }));
    const pid = Number(/process_id:(\d+)/.exec(await client.info('server'))?.[1]);
    process.kill(pid, 'SIGSTOP');
    onTestFinished(() => void process.kill(pid, 'SIGCONT'));
    await expect(client.get('key')).rejects.toThrow('Connection is closed.');
  });
});

describeWithPrograms(['redis-server'], "a program's own client", () => {
  test('lends its options and is left alone', async () => {
    const redis = await start({ config: { requirepass: 'secret' } });
    // Whatever it does when a connection is lost is its own.
    const own = new Redis(redis.port, '127.0.0.1', {
      password: 'secret',
      db: 2,
      lazyConnect: true,
      enableOfflineQueue: true,
    });
    onTestFinished(() => own.disconnect());
    const client = await connect(serverOf({ client: own }));
    expect(String(await client.client('INFO'))).toMatch(/ db=2 /);
    expect(own.status).toBe('wait');
    await disconnectRedis(client);
    expect(await own.ping()).toBe('PONG');
  });

  test('of another copy and version is as good', async () => {
    const redis = await start();
    const foreign = {
      options: { host: '127.0.0.1', port: redis.port },
      call: () => Promise.reject(new Error('unused')),
    };
    expect(await (await connect(serverOf({ client: foreign }))).ping()).toBe('PONG');
  });

  test('can be reached from another thread where its options can be copied', async () => {
    const portable = (client: Redis): unknown => {
      onTestFinished(() => client.disconnect());
      return serverOf({ client }).portable;
    };
    expect(portable(new Redis({ lazyConnect: true, host: 'h', tls: { ca: 'pem' } }))).toMatchObject({
      reach: { address: { host: 'h', port: 6379 } },
      tls: { node: { ca: 'pem' } },
    });
    const checkServerIdentity = (): undefined => undefined;
    expect(portable(new Redis({ lazyConnect: true, tls: { checkServerIdentity } }))).toBeUndefined();
    expect(serverOf({ credential_provider: () => ({}) }).portable).toBeUndefined();
  });
});
