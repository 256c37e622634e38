import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { maskedUrl, parseRedisUrl, splitOptions } from './redis-url.js';

const plain = { kind: 'address', tls: false } as const;

describe('a URL of Redis', () => {
  test.each([
    ['redis://', { ...plain, hosts: [{ host: 'localhost', port: 6379 }] }],
    ['redis://cache:7000/3', { ...plain, hosts: [{ host: 'cache', port: 7000 }], db: 3 }],
    ['redis://cache//3', { ...plain, hosts: [{ host: 'cache', port: 6379 }], db: 3 }],
    ['redis://:s%40cret@h/', { ...plain, hosts: [{ host: 'h', port: 6379 }], password: 's@cret' }],
    ['redis://:a@b;c@h', { ...plain, hosts: [{ host: 'h', port: 6379 }], password: 'a@b;c' }],
    ['redis://[::1]:7000', { ...plain, hosts: [{ host: '::1', port: 7000 }] }],
    ['valkey://h', { ...plain, hosts: [{ host: 'h', port: 6379 }] }],
    [
      'rediss://me:secret@h',
      { kind: 'address', tls: true, hosts: [{ host: 'h', port: 6379 }], username: 'me', password: 'secret' },
    ],
    ['valkeys://h', { kind: 'address', tls: true, hosts: [{ host: 'h', port: 6379 }] }],
  ])('%s is an address [BK-043]', (url, expected) => {
    expect(parseRedisUrl(url)).toEqual(expected);
  });

  test.each(['redis+socket:///run/redis.sock', 'socket:///run/redis.sock', 'unix:///run/redis.sock'])(
    '%s is a unix socket [MS-151, BK-043]',
    (url) => {
      expect(parseRedisUrl(url)).toEqual({ kind: 'socket', tls: false, hosts: [], path: '/run/redis.sock' });
    },
  );

  test('is one address of several sentinels; credentials are those of the first [MS-149, BK-060, BK-062]', () => {
    const three = {
      kind: 'sentinel',
      tls: false,
      db: 2,
      password: 'secret',
      hosts: [
        { host: 'a', port: 26_379 },
        { host: 'b', port: 26_380 },
        { host: 'c', port: 26_379 },
      ],
    };
    expect(parseRedisUrl('sentinel://:secret@a/2;sentinel://:other@b:26380/2;sentinel://c')).toEqual(three);
    expect(parseRedisUrl('sentinel://:secret@a;b:26380;c/2')).toEqual(three);
  });

  test('is the nodes of a cluster that are asked first', () => {
    expect(parseRedisUrl('rediss+cluster://a:7000,b/0')).toEqual({
      kind: 'cluster',
      tls: true,
      db: 0,
      hosts: [
        { host: 'a', port: 7000 },
        { host: 'b', port: 6379 },
      ],
    });
  });

  test.each([
    ['amqp://h', 'amqp:// is none of Redis'],
    ['redis://h/first', "a number, not 'first'"],
    ['not a url', 'cannot be read'],
    ['redis://h?db=1', 'give them as options'],
    ['redis://h:port', 'a host cannot be read'],
    ['redis://h:70000', 'from 1 to 65535'],
    ['redis://a;redis://b', 'it names several servers'],
    ['sentinel://a;redis://b', 'it mixes schemes'],
    ['socket://', 'a socket needs a path'],
    ['redis+cluster://a/1', 'database 0 only'],
    ['redis://:100%@h', 'write it as %25'],
  ])('%s is refused, with the forms [MS-152]', (url, problem) => {
    expect(() => parseRedisUrl(url)).toThrow(problem);
    expect(() => parseRedisUrl(url)).toThrow('redis://[[user]:password@]host');
  });

  test.each([
    'redis://:secr/et@h/0',
    'redis://me:secret@h:port',
    'redis://:12/secret@h',
    'amqp://:secret@h',
    'redis://:secret@h/x y',
    'sentinel://:secret@a;redis://:secret@b',
    'redis://:secret%@h',
    ':secret@h',
  ])('that is refused shows nothing of its password: %s', (url) => {
    let shown = '';
    try {
      parseRedisUrl(url);
    } catch (error) {
      shown = inspect(error, { depth: 10, showHidden: true }).replaceAll(/^ +at .*$/gm, '');
    }
    expect(shown).toContain('CTQ_BAD_URL');
    expect(shown).not.toMatch(/secr|et@/);
  });

  test.each([
    ['redis://:secret@h/2', 'redis://:***@h:6379/2'],
    ['rediss://me:secret@h', 'rediss://me:***@h:6379/0'],
    ['redis+socket://:secret@/run/redis.sock', 'redis+socket://:***@/run/redis.sock?virtual_host=0'],
    ['sentinel://:secret@a/1;sentinel://:secret@b', 'sentinel://:***@a:26379/1;sentinel://b:26379/1'],
    ['redis+cluster://:secret@a,b', 'redis+cluster://:***@a:6379,b:6379'],
  ])('%s is shown without its password', (url, shown) => {
    expect(maskedUrl(parseRedisUrl(url))).toBe(shown);
  });

  test('may have options in its query, in each part of a list [BK-044]', () => {
    expect(splitOptions('redis://h/1?lease_duration=5s&sep=:')).toEqual({
      url: 'redis://h/1',
      options: { lease_duration: '5s', sep: ':' },
    });
    expect(splitOptions('sentinel://a?master_name=shop;sentinel://b?min_other_sentinels=1')).toEqual({
      url: 'sentinel://a;sentinel://b',
      options: { master_name: 'shop', min_other_sentinels: '1' },
    });
    expect(splitOptions('redis://h')).toEqual({ url: 'redis://h', options: {} });
  });

  test('without TLS is refused with options of TLS [BK-045]', () => {
    expect(() => splitOptions('redis://h?ssl_cert_reqs=none')).toThrow('write rediss://');
    expect(splitOptions('rediss://h?ssl_cert_reqs=none').options).toEqual({ ssl_cert_reqs: 'none' });
  });
});
