import { describe, expect, test } from 'vitest';
import { maskUrl } from './mask-url.js';

describe('URLs for people', () => {
  test.each([
    ['redis://localhost:6379/1', 'redis://localhost:6379/1'],
    ['redis://:secret@localhost:6379/1', 'redis://:**@localhost:6379/1'],
    ['amqp://guest:secret@host//', 'amqp://guest:**@host//'],
    ['amqp://guest@host/vhost', 'amqp://guest@host/vhost'],
    ['redis://user:p%40ss@h/0', 'redis://user:**@h/0'],
    ['redis://user:p@ss@h/0', 'redis://user:**@h/0'],
    ['redis://user:p/ss?x#y@h/0', 'redis://user:**@h/0'],
    ['redis://:a@?b@h', 'redis://:**@h'],
    ['redis://a:1@h1;redis://b:2@h2', 'redis://a:**@h1;redis://b:**@h2'],
    ['sentinel://:s@h1:26379;sentinel://:s@h2:26379', 'sentinel://:**@h1:26379;sentinel://:**@h2:26379'],
    [
      'redis+socket:///tmp/redis.sock?password=secret&virtual_host=1',
      'redis+socket:///tmp/redis.sock?password=**&virtual_host=1',
    ],
    ['amqp://host/vhost?email=a@b', 'amqp://host/vhost?email=a@b'],
    ['sqlite:///home/me/.ctq/ctq.sqlite', 'sqlite:///home/me/.ctq/ctq.sqlite'],
    ['redis://[::1]:6379/0', 'redis://[::1]:6379/0'],
    ['memory://', 'memory://'],
    ['rpc', 'rpc'],
  ])('[BK-007] %s is shown as %s', (url, shown) => {
    expect(maskUrl(url)).toBe(shown);
  });
});
