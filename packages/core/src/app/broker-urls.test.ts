import { ConfigurationError } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { type BrokerParts, brokerUrls, urlOfHost } from './broker-urls.js';

const none: BrokerParts = {
  brokerTransport: undefined,
  brokerPort: undefined,
  brokerUser: undefined,
  brokerPassword: undefined,
  brokerVhost: undefined,
};

function refusal(text: string): ConfigurationError {
  try {
    brokerUrls(text, none);
  } catch (error) {
    if (ConfigurationError.isInstance(error)) return error;
    throw error;
  }
  throw new Error('Nothing was thrown.');
}

describe('a list of broker URLs', () => {
  test.each([
    ['redis://a/0', ['redis://a/0']],
    ['redis://a/0;redis://b/0', ['redis://a/0', 'redis://b/0']],
    [' amqp://a ; amqp://b;', ['amqp://a', 'amqp://b']],
    ['redis://me:secret@a:7000/1;b', ['redis://me:secret@a:7000/1', 'redis://me:secret@b:7000/1']],
    ['redis://:secret@a:7000/1?x=1;b:7001', ['redis://:secret@a:7000/1?x=1', 'redis://:secret@b:7001/1?x=1']],
    ['amqp://a;[::1]:5673', ['amqp://a', 'amqp://[::1]:5673']],
    ['redis://a/1;10.0.0.2;redis://c/2', ['redis://a/1', 'redis://10.0.0.2/1', 'redis://c/2']],
    ['redis://:se%3Bcret@a', ['redis://:se%3Bcret@a']],
    ['memory://', ['memory://']],
    ['disabled', ['disabled']],
    ['', ['']],
  ])('%s is %j; what a host alone lacks is that of the first [MS-006] [ST-046]', (text, urls) => {
    expect(brokerUrls(text, none)).toEqual(urls);
  });

  test.each([
    'sentinel://h1:26379;sentinel://h2:26379/0?master_name=m',
    'sentinel://:secret@h1:26379;h2:26379;h3',
    'redis+sentinel://h1;redis+sentinel://h2',
  ])('%s names the nodes of one broker, whose adapter takes them together', (text) => {
    expect(brokerUrls(text, none)).toEqual([text]);
    expect(brokerUrls(text, { ...none, brokerPassword: 'other', brokerPort: 1 })).toEqual([text]);
  });

  test('may have files, in whose paths a ; is a part', () => {
    expect(brokerUrls('sqlite:///tmp/a;b.sqlite', none)).toEqual(['sqlite:///tmp/a;b.sqlite']);
    expect(brokerUrls('sqlite:///tmp/a;sqlite:///tmp/b', none)).toEqual(['sqlite:///tmp/a', 'sqlite:///tmp/b']);
  });

  test.each([
    ['redis://:se;cret@a/0', 'In a password it is written %3B.'],
    ['redis://:x;se/cret@a/0', 'neither a URL nor a host'],
    ['sentinel://a;redis://:secret@b', 'URLs of Sentinel'],
  ])('that cannot be read is refused without being shown: %s', (text, problem) => {
    const { code, message } = refusal(text);
    expect(code).toBe('CTQ_BAD_URL');
    expect(message).toContain(problem);
    expect(message).not.toMatch(/cret|:x/);
  });
});

describe('parts of a URL that are settings of their own', () => {
  const parts: BrokerParts = {
    ...none,
    brokerPort: 7000,
    brokerUser: 'me',
    brokerPassword: 's@cret',
    brokerVhost: '1',
  };

  test.each([
    ['redis://h', 'redis://me:s%40cret@h:7000/1'],
    ['redis://h/', 'redis://me:s%40cret@h:7000/1'],
    ['redis://', 'redis://me:s%40cret@localhost:7000/1'],
    ['redis://h?lease_duration=5s', 'redis://me:s%40cret@h:7000/1?lease_duration=5s'],
    ['redis://you@h:1/2', 'redis://you:s%40cret@h:1/2'],
    ['redis://:own@h', 'redis://me:own@h:7000/1'],
    ['redis://you:own@h:1/2', 'redis://you:own@h:1/2'],
    ['redis://[::1]', 'redis://me:s%40cret@[::1]:7000/1'],
    ['redis+socket:///tmp/s', 'redis+socket:///tmp/s'],
    ['sqlite:///tmp/s', 'sqlite:///tmp/s'],
  ])('stand in for what %s lacks [ST-065, ST-066, ST-067, ST-068]', (url, complete) => {
    expect(brokerUrls(url, parts)).toEqual([complete]);
  });

  test('a virtual host of RabbitMQ may be a slash [MS-003]', () => {
    expect(brokerUrls('amqp://h', { ...none, brokerVhost: '/' })).toEqual(['amqp://h/%2F']);
    expect(brokerUrls('amqp://h//', { ...none, brokerVhost: 'v' })).toEqual(['amqp://h//']);
  });

  test('brokerTransport is that of a host without a scheme, and of no other [ST-049]', () => {
    const redis = { ...none, brokerTransport: 'redis' };
    expect(brokerUrls('h:7000;h2', redis)).toEqual(['redis://h:7000', 'redis://h2:7000']);
    expect(brokerUrls('amqp://h', redis)).toEqual(['amqp://h']);
  });

  test('brokerHost makes a URL, with AMQP where no transport is named [ST-064]', () => {
    expect(urlOfHost('h', none)).toBe('amqp://h');
    expect(urlOfHost('h', { ...none, brokerTransport: 'redis' })).toBe('redis://h');
    expect(urlOfHost('redis://h', none)).toBe('redis://h');
    expect([urlOfHost(undefined, none), urlOfHost('', none)]).toEqual([undefined, undefined]);
  });
});
