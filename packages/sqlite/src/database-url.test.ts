import { ConfigurationError } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { databaseUrl, parseDatabaseUrl } from './database-url.js';

describe('the URL of a file', () => {
  test.each([
    ['sqlite:///var/lib/shop/ctq.sqlite', '/var/lib/shop/ctq.sqlite'],
    ['sqlite:////var/lib/shop/ctq.sqlite', '/var/lib/shop/ctq.sqlite'],
    ['sqlite:/var/lib/ctq.sqlite', '/var/lib/ctq.sqlite'],
    ['sqlite:ctq.sqlite', 'ctq.sqlite'],
    ['sqlite:data/ctq.sqlite', 'data/ctq.sqlite'],
    ['sqlite:./data/ctq.sqlite', './data/ctq.sqlite'],
    ['sqlite://./data/ctq.sqlite', './data/ctq.sqlite'],
    ['sqlite://../ctq.sqlite', '../ctq.sqlite'],
    ['sqlite:///C:/shop/ctq.sqlite', 'C:/shop/ctq.sqlite'],
    ['sqlite:///with%20space/%C3%A9.sqlite', '/with space/é.sqlite'],
    ['SQLITE:///a.db', '/a.db'],
  ])('%s names %s', (url, path) => {
    expect(parseDatabaseUrl(url).path).toBe(path);
  });

  test.each([
    'sqlite:',
    'sqlite://',
    'sqlite:///',
    'sqlite:///folder/',
    'sqlite://ctq.sqlite',
    'sqlite::memory:',
    'redis://localhost',
  ])('%s is refused with the forms that there are', (url) => {
    const parse = (): unknown => parseDatabaseUrl(url);
    expect(parse).toThrow("'sqlite:///absolute/path.sqlite'");
    expect(parse).toThrow(ConfigurationError);
  });

  test('[MS-005] carries options in its query', () => {
    const { path, options } = parseDatabaseUrl('sqlite:///a.sqlite?synchronous=FULL&leaseDuration=10s');
    expect([path, options]).toEqual(['/a.sqlite', { synchronous: 'FULL', leaseDuration: '10s' }]);
  });

  test('is made from a path', () => {
    expect(databaseUrl('/a/b.sqlite')).toBe('sqlite:///a/b.sqlite');
    expect(databaseUrl('a/b.sqlite')).toBe('sqlite:a/b.sqlite');
  });
});
