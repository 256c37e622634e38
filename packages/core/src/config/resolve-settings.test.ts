import { ConfigurationError } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { ineffectiveSettings, parseSettings, resolveSettings } from './resolve-settings.js';
import type { SettingsInput } from './settings.js';

function errorOf(run: () => unknown): ConfigurationError {
  try {
    run();
  } catch (error) {
    if (ConfigurationError.isInstance(error)) return error;
    throw error;
  }
  throw new Error('Nothing was thrown.');
}

const untyped = (input: Readonly<Record<string, unknown>>): SettingsInput => input;

describe('names of settings', () => {
  test.each([
    ['camelCase', { taskAcksLate: false, brokerUrl: 'redis://h' }],
    ['snake_case', { task_acks_late: false, broker_url: 'redis://h' }],
    ['the old upper case', { CELERY_ACKS_LATE: false, BROKER_URL: 'redis://h' }],
    ['a mixture', { CELERY_ACKS_LATE: false, broker_url: 'redis://h' }],
  ])('[ST-005] in %s mean the same', (_, input) => {
    expect(parseSettings(input)).toEqual({ taskAcksLate: false, brokerUrl: 'redis://h' });
  });

  test.each([
    ['taskAckLate', 'taskAcksLate'],
    ['TaskAcksLate', 'taskAcksLate'],
    ['task_ack_late', 'task_acks_late'],
    ['CELERY_ACK_LATE', 'CELERY_ACKS_LATE'],
    ['brokerURL', 'brokerUrl'],
    ['worker_concurency', 'worker_concurrency'],
  ])('that are not known are an error that says what was meant: %s', (name, meant) => {
    const error = errorOf(() => parseSettings(untyped({ [name]: 1 }), { source: 'ctq.config.ts' }));
    expect(error.code).toBe('CTQ_UNKNOWN_SETTING');
    expect(error.message).toBe(`ctq.config.ts: there is no setting '${name}'. Did you mean '${meant}'?`);
  });

  test('that are like no other have no suggestion', () => {
    expect(errorOf(() => parseSettings(untyped({ colour: 'red' }))).message).not.toContain('Did you mean');
    expect(errorOf(() => parseSettings(untyped({ __proto__: null, constructor: 1 }))).code).toBe('CTQ_UNKNOWN_SETTING');
  });

  test('[ST-005] two spellings of one setting have to agree', () => {
    expect(parseSettings({ taskTimeLimit: '10s', task_time_limit: 10 })).toEqual({ taskTimeLimit: 10 });
    const error = errorOf(() => parseSettings({ taskTimeLimit: 10, CELERYD_TASK_TIME_LIMIT: 20 }));
    expect(error.code).toBe('CTQ_SETTING_CONTRADICTION');
    expect(error.message).toContain("'taskTimeLimit' and 'CELERYD_TASK_TIME_LIMIT'");
  });

  test('settings that ctq does not have are refused with the reason, unless they are None', () => {
    const error = errorOf(() => parseSettings({ CELERYD_CONSUMER: 'my.Consumer' }));
    expect(error.code).toBe('CTQ_SETTING_REFUSED');
    expect(error.message).toContain('It names a Python class.');
    expect(parseSettings(untyped({ cassandra_servers: null, s3Bucket: undefined }))).toEqual({});
  });
});

describe('values of settings', () => {
  test.each([
    [{ taskAcksLate: 'yes' }, "'taskAcksLate' is 'yes', expected true or false."],
    [{ worker_concurrency: 0 }, "'worker_concurrency' is 0, expected a whole number from 1, or null."],
    [{ workerConcurrency: '8' }, 'expected a whole number from 1'],
    [{ taskTimeLimit: 'soon' }, "expected a number of seconds from 0, or a text such as '250ms'"],
    [{ taskTimeLimit: -1 }, 'expected a number of seconds'],
    [{ acceptContent: 'json' }, 'expected a list of texts.'],
    [{ timezone: 'Europe/Atlantis' }, 'expected an IANA time zone'],
    [{ taskDefaultDeliveryMode: 3 }, "expected 1, 2, 'transient' or 'persistent'."],
    [{ workerPool: 'fork' }, "expected 'async', 'threads', 'processes' ('prefork') or 'solo'."],
    [{ taskDefaultExchangeType: 'x' }, "expected one of 'direct', 'topic', 'fanout', 'headers'."],
    [{ taskPublishRetryPolicy: { max_retrys: 3 } }, 'expected an object of maxRetries'],
    [{ brokerTransportOptions: 'x' }, 'expected an object.'],
    [{ taskAcksLate: null }, 'expected true or false.'],
  ])('of the wrong type are an error that says what is expected: %j', (input, text) => {
    const error = errorOf(() => parseSettings(untyped(input), { source: 'settings.json' }));
    expect(error.code).toBe('CTQ_SETTING_INVALID');
    expect(error.message).toContain('settings.json: ');
    expect(error.message).toContain(text);
  });

  test('that may hold a password are not shown', () => {
    for (const name of ['broker_url', 'resultBackend', 'redisPassword']) {
      expect(errorOf(() => parseSettings(untyped({ [name]: ['secret', 1] }))).message).not.toContain('secret');
    }
  });

  test('[ST-029] [BK-035] durations are seconds or texts with a unit', () => {
    expect(parseSettings({ resultExpires: '1h', taskTimeLimit: 30, workerMaxBlockedTime: '250ms' })).toEqual({
      resultExpires: 3_600,
      taskTimeLimit: 30,
      workerMaxBlockedTime: 0.25,
    });
  });

  test.each([
    [null, undefined],
    [0, undefined],
    [5, 5],
    [undefined, 86_400],
  ])('[ST-029] results that expire after %s are kept for %s seconds', (given, seconds) => {
    expect(resolveSettings({ resultExpires: given }).resultExpires).toBe(seconds);
  });

  test('[ST-054] None and 0 are no limit of attempts to connect', () => {
    const limit = (given: number | null): number =>
      resolveSettings({ brokerConnectionMaxRetries: given }).brokerConnectionMaxRetries;
    expect([limit(null), limit(0), limit(7), resolveSettings({}).brokerConnectionMaxRetries]).toEqual([
      ...[Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 7, 100],
    ]);
  });

  test("[ST-157] [ST-170] [ST-200] Celery's words and Python's spelling are understood", () => {
    expect(parseSettings({ taskDefaultDeliveryMode: 'transient' })).toEqual({ taskDefaultDeliveryMode: 1 });
    expect(parseSettings({ workerPool: 'prefork' })).toEqual({ workerPool: 'processes' });
    expect(parseSettings({ task_publish_retry_policy: { max_retries: null, interval_start: 0.5 } })).toEqual({
      taskPublishRetryPolicy: {
        maxRetries: Number.POSITIVE_INFINITY,
        intervalStart: 0.5,
        intervalStep: 0.2,
        intervalMax: 1,
      },
    });
  });

  test('a list of brokers is one URL of several', () => {
    expect(parseSettings({ brokerUrl: ['redis://a', 'redis://b'] })).toEqual({ brokerUrl: 'redis://a;redis://b' });
  });

  test('[ST-010] texts of a command line or the environment are read as what is meant', () => {
    const given = {
      taskAcksLate: 'off',
      taskTrackStarted: 'YES',
      workerConcurrency: '8',
      taskTimeLimit: '30',
      taskSoftTimeLimit: '20s',
      acceptContent: 'json, msgpack',
      brokerTransportOptions: '{"visibility_timeout": 60}',
      brokerUseSsl: 'true',
      taskDefaultDeliveryMode: '1',
      taskProtocol: '2',
      resultBackend: 'redis://h',
    };
    expect(parseSettings(untyped(given), { fromText: true })).toEqual({
      taskAcksLate: false,
      taskTrackStarted: true,
      workerConcurrency: 8,
      taskTimeLimit: 30,
      taskSoftTimeLimit: 20,
      acceptContent: ['json', 'msgpack'],
      brokerTransportOptions: { visibility_timeout: 60 },
      brokerUseSsl: true,
      taskDefaultDeliveryMode: 1,
      taskProtocol: 2,
      resultBackend: 'redis://h',
    });
    expect(() => parseSettings(untyped({ taskAcksLate: 'maybe' }), { fromText: true })).toThrow(ConfigurationError);
    expect(() => parseSettings(untyped({ workerConcurrency: '' }), { fromText: true })).toThrow(ConfigurationError);
  });

  test.each([
    ...['true', 'yes', '1', 'on', 'True', 'ON'].map((word) => [word, true] as const),
    ...['false', 'no', '0', 'off', 'False', 'OFF'].map((word) => [word, false] as const),
  ])('[ST-010] %s is %s where texts are read', (word, meant) => {
    expect(parseSettings(untyped({ taskAcksLate: word }), { fromText: true })).toEqual({ taskAcksLate: meant });
  });

  test("[ST-004] with a namespace, only names that begin with it are read, and they are Celery's new ones", () => {
    const given = { CELERY_TASK_ACKS_LATE: false, CELERY_BROKER_URL: 'redis://h', DEBUG: true };
    expect(parseSettings(given, { namespace: 'CELERY' })).toEqual({ taskAcksLate: false, brokerUrl: 'redis://h' });
    expect(errorOf(() => parseSettings({ CELERY_TASK_ACK_LATE: 1 }, { namespace: 'CELERY' })).message).toContain(
      "there is no setting 'CELERY_TASK_ACK_LATE'. Did you mean 'CELERY_TASK_ACKS_LATE'?",
    );
  });
});

describe('resolved settings', () => {
  test('[ST-146] [ST-173] are at least once by default, unlike Celery', () => {
    expect(resolveSettings({})).toMatchObject({
      taskAcksLate: true,
      taskRejectOnWorkerLost: true,
      workerPool: 'async',
    });
  });

  test('are those of later inputs over earlier ones, whatever their spelling', () => {
    expect(resolveSettings([{ taskTimeLimit: 1, timezone: 'Asia/Tokyo' }, { task_time_limit: 2 }, {}])).toMatchObject({
      taskTimeLimit: 2,
      timezone: 'Asia/Tokyo',
    });
  });

  test('[ST-008] [ST-023] [ST-160] [ST-162] fall back to what stands in for them', () => {
    expect(resolveSettings({ taskDefaultQueue: 'main', acceptContent: ['json', 'msgpack'] })).toMatchObject({
      taskDefaultExchange: 'main',
      taskDefaultRoutingKey: 'main',
      resultAcceptContent: ['json', 'msgpack'],
    });
    expect(resolveSettings({ taskDefaultExchange: 'x', taskDefaultRoutingKey: null })).toMatchObject({
      taskDefaultExchange: 'x',
      taskDefaultRoutingKey: 'celery',
    });
  });

  test('[ST-019] [ST-022] have UTC as their zone, or that of the host', () => {
    expect(resolveSettings({}).timezone).toBe('UTC');
    expect(resolveSettings({ enableUtc: false }).timezone).toBe(Intl.DateTimeFormat().resolvedOptions().timeZone);
    expect(resolveSettings({ enableUtc: false, timezone: 'Asia/Tokyo' }).timezone).toBe('Asia/Tokyo');
  });

  test('cannot be changed', () => {
    expect(Object.isFrozen(resolveSettings({}))).toBe(true);
  });

  test('without effect yet are known', () => {
    expect(ineffectiveSettings(resolveSettings({ workerStateDb: null, beatSyncEvery: 0 }))).toEqual([]);
    expect(ineffectiveSettings(resolveSettings({ beatLogfile: 'beat.log', beat_schedule: { a: {} } }))).toEqual([
      'beatSchedule',
      'beatLogfile',
    ]);
  });
});
