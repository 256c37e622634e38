import { describe, expect, test } from 'vitest';
import { amqpConfig, readOptions } from './amqp-options.js';
import { amqp, createTransport } from './amqp-transport.js';
import { maskedUrl, parseAmqpUrl } from './amqp-url.js';

const codeOf = (work: () => unknown): unknown => {
  try {
    work();
    return undefined;
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
};

describe('A URL of RabbitMQ', () => {
  test.each([
    ['amqp://', { host: 'localhost', port: 5672, virtualHost: '/', tls: false }],
    ['amqp://queues', { host: 'queues', port: 5672, virtualHost: '/', tls: false }],
    ['queues', { host: 'queues', port: 5672, virtualHost: '/', tls: false }],
    ['amqp://queues//', { host: 'queues', port: 5672, virtualHost: '/', tls: false }],
    ['pyamqp://u@h:1/%2Fv', { host: 'h', port: 1, virtualHost: '/v', tls: false, username: 'u' }],
    ['amqps://u:p%40@h/shop', { host: 'h', port: 5671, virtualHost: 'shop', tls: true, username: 'u', password: 'p@' }],
    ['amqp://[::1]:5673/', { host: '::1', port: 5673, virtualHost: '/', tls: false }],
  ])('%s is read as Kombu does [MS-002, MS-003, MS-121]', (url, expected) => {
    expect(parseAmqpUrl(url)).toEqual(expected);
  });

  test.each(['redis://h', 'amqp://h:0', 'amqp://h:99999', 'amqp://h h', 'amqp://%zz'])('%s is refused', (url) => {
    expect(codeOf(() => parseAmqpUrl(url))).toBe('CTQ_BAD_URL');
  });

  test('shows no password, in the transport, in errors [MS-018]', () => {
    expect(amqp({ url: 'amqp://me:secret@h/shop' }).url).toBe('amqp://me:***@h:5672/shop');
    expect(maskedUrl(parseAmqpUrl('amqp://h'))).toBe('amqp://h:5672//');
    expect(() => amqp({ url: 'amqp://me:secret@h:x/' })).toThrow(/^(?!.*secret)/);
  });
});

describe('Options of the transport', () => {
  test('may be in the query, by either spelling; those of an object win, settings are behind both [MS-005]', () => {
    const url = 'amqp://h?login_method=AMQPLAIN&heartbeat=30&frameMax=8192';
    const byUrl = amqpConfig(
      readOptions({ heartbeat: 60, loginMethod: 'PLAIN', ...Object.fromEntries(new URL(url).searchParams) }),
    );
    expect(byUrl).toMatchObject({ loginMethod: 'AMQPLAIN', heartbeatSeconds: 30, frameMax: 8192 });
    expect(() => createTransport(url, { heartbeat: 5 }, { delayedQueueType: 'classic' })).not.toThrow();
    expect(codeOf(() => createTransport('amqp://h?hartbeat=1'))).toBe('CTQ_UNKNOWN_OPTION');
  });

  test('have RabbitMQ and Celery as their defaults [MS-121, MS-122]', () => {
    expect(amqpConfig({})).toMatchObject({
      address: { host: 'localhost', port: 5672, virtualHost: '/', tls: false },
      ...{ loginMethod: 'PLAIN', heartbeatSeconds: 120, delayedQueueType: 'quorum', delayedPrefix: '' },
    });
  });

  test.each([
    [{ url: 'amqps://h', sslCertfile: '/me.pem' }, 'EXTERNAL'],
    [{ url: 'amqps://me@h', sslCertfile: '/me.pem' }, 'PLAIN'],
    [{ url: 'amqps://h' }, 'PLAIN'],
    [{ loginMethod: 'amqplain' as never }, 'AMQPLAIN'],
  ])('%o: login by %s [MS-121]', (options, method) => {
    expect(amqpConfig(options).loginMethod).toBe(method);
  });

  test.each([
    [{ confirmPublish: false as never }],
    [{ loginMethod: 'KERBEROS' as never }],
    [{ delayedQueueType: 'stream' as never }],
    [{ heartbeat: -1 }],
    [{ url: 'amqps://h', tls: false }],
    [{ tls: 'yes' as never }],
  ])('%o is refused, with the option it is about [MS-123]', (options) => {
    expect(codeOf(() => amqp(options))).toBe('CTQ_BAD_OPTION');
  });

  test('of TLS have the names of broker_use_ssl [MS-122]', () => {
    const { tls, address } = amqpConfig({ tls: { certReqs: 'CERT_NONE', caCerts: '/ca.pem' } as never });
    expect([address.tls, tls?.files.ca, tls?.isUnchecked]).toEqual([true, '/ca.pem', 'certificate']);
  });
});
