import { describe, expect, test } from 'vitest';
import { maskedUrl, parseRedisUrl, splitOptions } from './redis-url.js';

describe('a URL of Redis', () => {
  test.each([
    ['redis://', { host: 'localhost', port: 6379, db: 0, tls: false }],
    ['redis://cache:7000/3', { host: 'cache', port: 7000, db: 3, tls: false }],
    ['redis://:s%40cret@h/', { host: 'h', port: 6379, db: 0, tls: false, password: 's@cret' }],
    ['rediss://me:secret@h', { host: 'h', port: 6379, db: 0, tls: true, username: 'me', password: 'secret' }],
    ['redis://[::1]:7000', { host: '::1', port: 7000, db: 0, tls: false }],
  ])('%s', (url, address) => {
    expect(parseRedisUrl(url)).toEqual(address);
  });

  test.each([
    ['amqp://h', 'amqp:// is none of Redis'],
    ['redis://h/first', "a number, not 'first'"],
    ['not a url', 'cannot be read'],
    ['redis://h?db=1', 'give them as options'],
  ])('%s is refused, with the forms and without the password', (url, problem) => {
    expect(() => parseRedisUrl(url)).toThrow(problem);
    expect(() => parseRedisUrl(url)).toThrow('redis://[[user]:password@]host');
  });

  test('is shown without its password', () => {
    expect(maskedUrl(parseRedisUrl('redis://:secret@h/2'))).toBe('redis://:***@h:6379/2');
    expect(maskedUrl(parseRedisUrl('rediss://h'))).toBe('rediss://h:6379/0');
  });

  test('may have options in its query', () => {
    expect(splitOptions('redis://h/1?lease_duration=5s&sep=:')).toEqual({
      url: 'redis://h/1',
      options: { lease_duration: '5s', sep: ':' },
    });
    expect(splitOptions('redis://h')).toEqual({ url: 'redis://h', options: {} });
  });
});
