import { camelCaseOptions } from '@ctq/runtime';
import { Cluster, Redis } from 'ioredis';
import { describe, expect, onTestFinished, test } from 'vitest';
import { redisServerConfig, type RedisServerConfig } from './server-config.js';

function configOf(options: Readonly<Record<string, unknown>>, keyPrefix = ''): RedisServerConfig {
  return redisServerConfig(camelCaseOptions(options), { adapter: 'redis', keyPrefix, connections: 3 });
}

describe('what a Redis is reached by', () => {
  test('comes from the URL, and where that is silent from other options [BK-044, BK-058]', () => {
    const options = { host: 'h', port: '7000', db: '3', username: 'me', password: 'secret' };
    expect(configOf({ url: 'redis://', ...options })).toMatchObject({
      url: 'redis://me:***@h:7000/3',
      reach: { kind: 'address', address: { host: 'h', port: 7000 } },
      db: 3,
      login: { username: 'me', password: 'secret' },
    });
    expect(configOf({ url: 'redis://you:other@there:1/0', ...options })).toMatchObject({
      reach: { address: { host: 'there', port: 1 } },
      db: 0,
      login: { username: 'you', password: 'other' },
    });
  });

  test.each([0, '0', '/2', 7])('virtual_host %j is a database [MS-151, BK-043]', (virtualHost) => {
    const config = configOf({ url: 'redis+socket:///run/redis.sock', virtual_host: virtualHost });
    expect(config).toMatchObject({ reach: { kind: 'socket', path: '/run/redis.sock' } });
    expect(config.db).toBe(Number(String(virtualHost).replace('/', '')));
  });

  test('is a server that sentinels name [MS-149, BK-061]', () => {
    const config = configOf({
      url: 'sentinel://:secret@a/1;sentinel://b',
      master_name: 'shop',
      min_other_sentinels: 1,
      sentinel_kwargs: { password: 'theirs', ssl: true, ssl_cert_reqs: 'none' },
    });
    expect(config).toMatchObject({
      url: 'sentinel://:***@a:26379/1;sentinel://b:26379/1',
      db: 1,
      login: { password: 'secret' },
      reach: {
        sentinels: [
          { host: 'a', port: 26_379 },
          { host: 'b', port: 26_379 },
        ],
        masterName: 'shop',
        minOtherSentinels: 1,
        login: { password: 'theirs' },
        tls: { node: { rejectUnauthorized: false } },
      },
    });
    expect(config.tls).toBeUndefined();
  });

  test('has options of the client [BK-058]', () => {
    const given = {
      socket_timeout: 7,
      socket_connect_timeout: '2',
      socket_keepalive_options: { TCP_KEEPIDLE: 60 },
      health_check_interval: 0,
      client_name: 'shop',
      max_connections: 3,
    };
    expect(configOf(given)).toMatchObject({
      socketTimeoutMs: 7_000,
      connectTimeoutMs: 2_000,
      keepAliveMs: 60_000,
      healthCheckMs: 0,
      clientName: 'shop',
    });
    expect(configOf({}).keepAliveMs).toBe(10_000);
    expect(configOf({ socket_keepalive: 'false' }).keepAliveMs).toBeUndefined();
    expect(configOf({}).socketTimeoutMs).toBeUndefined();
  });

  test.each([
    [{ url: 'sentinel://a' }, "'masterName' must be given"],
    [{ url: 'sentinel://a', master_name: 'm', sentinel_kwargs: { pasword: 1 } }, "Did you mean 'password'?"],
    [{ virtual_host: 'shop' }, 'the number of a database'],
    [{ max_connections: 2 }, '3 connections are needed'],
    [{ socket_keepalive_options: { TCP_KEEPCNT: 3 } }, "has 'TCP_KEEPCNT'"],
    [{ socket_timeout: 'soon' }, "'socketTimeout' must be a number of seconds"],
    [{ credential_provider: 'shop.Provider' }, 'names of Python classes cannot be loaded'],
    [{ url: 'rediss://h', tls: false }, 'the scheme of the URL is with TLS'],
    [{ url: 'redis://h', ssl_ca_certs: '/ca.pem' }, 'write rediss://'],
    [{ url: 'rediss://h', ssl_cert_reqs: 'perhaps' }, "'sslCertReqs' must be 'required', 'optional' or 'none'"],
    [{ url: 'redis://h', tls: { rejectUnauthorised: false } }, "Did you mean 'rejectUnauthorized'?"],
    [{ url: 'unix:///s', tls: true }, 'cannot be had on a unix socket'],
    [{ client: {} }, 'a client of ioredis'],
  ])('%j is refused', (options, problem) => {
    expect(() => configOf(options)).toThrow(problem);
  });

  test.each(['', 'ctq:', '{}ctq:'])("is a cluster only with a hash tag before every key, not with '%s'", (prefix) => {
    const url = 'redis+cluster://a';
    expect(() => configOf({ url }, prefix)).toThrow("Write globalKeyprefix: '{ctq}:'.");
    expect(configOf({ url }, '{shop}:').reach).toMatchObject({ kind: 'cluster', key: '{shop}:' });
  });

  test.each([
    [{ url: 'rediss://h' }, { node: {}, isUnchecked: undefined }],
    [
      { url: 'redis://h', tls: true },
      { node: {}, isUnchecked: undefined },
    ],
    [{ url: 'rediss://h', ssl_cert_reqs: 'CERT_OPTIONAL' }, { node: { rejectUnauthorized: true } }],
    [{ url: 'rediss://h', ssl_cert_reqs: 'none' }, { isUnchecked: 'certificate' }],
    [{ url: 'rediss://h', ssl_check_hostname: 'false' }, { isUnchecked: 'host name' }],
    [
      { url: 'redis://h', tls: { ssl_ca_certs: '/ca', ssl_certfile: '/crt', ssl_keyfile: '/key' } },
      { files: { ca: '/ca', cert: '/crt', key: '/key' } },
    ],
    [
      { url: 'redis://h', tls: { ca_certs: '/ca', cert_reqs: 0 } },
      { files: { ca: '/ca' }, isUnchecked: 'certificate' },
    ],
    [
      { url: 'redis://h', tls: { servername: 's', minVersion: 'TLSv1.3' } },
      { node: { servername: 's', minVersion: 'TLSv1.3' } },
    ],
    [{ url: 'sentinel://h', master_name: 'm', ssl_cert_reqs: 'required' }, { node: { rejectUnauthorized: true } }],
  ])('%j is with TLS [MS-150, BK-045]', (options, tls) => {
    expect(configOf(options).tls).toMatchObject(tls);
  });
});

describe("a program's own client", () => {
  function redis(options: object): Redis {
    const client = new Redis({ lazyConnect: true, ...options });
    onTestFinished(() => client.disconnect());
    return client;
  }

  test('says where the server is, and how', () => {
    const client = redis({ host: 'h', port: 7000, db: 2, password: 'secret', family: 6, connectTimeout: 1_234 });
    expect(configOf({ client })).toMatchObject({
      url: 'redis://:***@h:7000/2',
      reach: { address: { host: 'h', port: 7000 } },
      db: 2,
      connectTimeoutMs: 1_234,
      base: { family: 6 },
    });
    expect(configOf({ client: redis({ path: '/run/redis.sock' }) }).reach).toEqual({
      kind: 'socket',
      path: '/run/redis.sock',
    });
    expect(configOf({ client: redis({ sentinels: [{ host: 'a' }], name: 'shop' }) }).reach).toMatchObject({
      kind: 'sentinel',
      masterName: 'shop',
      sentinels: [{ host: 'a', port: 26_379 }],
    });
    const cluster = new Cluster(['redis://a'], { lazyConnect: true });
    onTestFinished(() => cluster.disconnect());
    expect(configOf({ client: cluster }, '{ctq}:').reach).toMatchObject({ kind: 'cluster', client: cluster });
  });

  test('has no keyPrefix, and no URL beside it', () => {
    expect(() => configOf({ client: redis({ keyPrefix: 'shop:' }) })).toThrow("use 'globalKeyprefix' in its place");
    expect(() => configOf({ client: redis({}), url: 'redis://h' })).toThrow('both say how the server is reached');
  });
});
