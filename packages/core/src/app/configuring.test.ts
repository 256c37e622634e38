import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import { memoryTransport } from '@ctq/messaging';
import { ConfigurationError, createLogger, type LogRecord } from '@ctq/runtime';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { memoryBackend } from '../backend/memory-backend.js';
import type { ResultBackend } from '../backend/result-backend.js';
import type { Conf } from '../config/conf.js';
import type { SettingsInput } from '../config/settings.js';
import type { AppOptions } from './app-kernel.js';
import { Ctq } from './ctq.js';

function errorOf(run: () => unknown): ConfigurationError {
  try {
    run();
  } catch (error) {
    if (ConfigurationError.isInstance(error)) return error;
    throw error;
  }
  throw new Error('Nothing was thrown.');
}

/** A folder of a project, and an app whose module is in it. */
class ConfigFolder implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'ctq-config-'));

  constructor(files: Readonly<Record<string, string>>) {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(join(this.folder, name, '..'), { recursive: true });
      writeFileSync(join(this.folder, name), text);
    }
  }

  app(): Ctq {
    return new Ctq('shop', { module: pathToFileURL(join(this.folder, 'app.js')).href });
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

describe('the configuration of an app', () => {
  test('comes from the constructor, conf, objects and added defaults; who is nearer to the program wins [ST-001, ST-002, SD-267, SD-268]', () => {
    const app = new Ctq('shop', { taskDefaultQueue: 'constructor' });
    app.conf.addDefaults({
      taskDefaultQueue: 'default',
      timezone: 'Asia/Tokyo',
      taskTimeLimit: 1,
      workerConcurrency: 1,
    });
    app.conf.taskTimeLimit = 4;
    app.configFromObject({ taskDefaultQueue: 'object', taskTimeLimit: 3, workerConcurrency: 3 });
    expect(app.settings).toMatchObject({
      ...{ taskDefaultQueue: 'constructor', taskTimeLimit: 4, workerConcurrency: 3, timezone: 'Asia/Tokyo' },
    });
    app.override({ settings: { worker_concurrency: 9, taskTimeLimit: 9 } });
    app.conf.update({ taskTimeLimit: 5, task_default_queue: 'conf' });
    expect(app.settings).toMatchObject({ taskDefaultQueue: 'conf', taskTimeLimit: 9, workerConcurrency: 9 });
  });

  test('takes later words over earlier ones of the same kind [ST-001, SD-265, SD-266]', () => {
    const app = new Ctq('shop').configFromObject({ timezone: 'Asia/Tokyo', taskTimeLimit: 1 });
    app.configFromObject({ task_time_limit: '2s' });
    app.conf.taskAcksLate = false;
    app.conf.update({ taskAcksLate: true, taskSoftTimeLimit: '1s' });
    app.conf.taskSoftTimeLimit = undefined;
    expect(app.settings).toMatchObject({ timezone: 'Asia/Tokyo', taskTimeLimit: 2, taskAcksLate: true });
    expect(app.settings.taskSoftTimeLimit).toBeUndefined();
  });

  test('has broker and backend of the constructor in it as far as they are URLs', () => {
    const app = new Ctq('shop', { broker: ['redis://a', 'redis://b'], backend: 'redis://c' });
    expect([app.conf.brokerUrl, app.conf.resultBackend]).toEqual(['redis://a;redis://b', 'redis://c']);
    const objects = new Ctq('shop', { broker: memoryTransport(), backend: memoryBackend() });
    expect([objects.conf.brokerUrl, objects.conf.resultBackend]).toEqual([undefined, undefined]);
  });

  test.each<[AppOptions, string]>([
    [{ broker: 'redis://a', brokerUrl: 'redis://b' }, "'broker' and 'brokerUrl'"],
    [{ backend: 'redis://a', result_backend: 'redis://b' }, "'backend' and 'resultBackend'"],
  ])('is not made of %j, which says one thing twice', (options, names) => {
    const error = errorOf(() => new Ctq('shop', options));
    expect(error.code).toBe('CTQ_SETTING_CONTRADICTION');
    expect(error.message).toContain(names);
    expect(() => new Ctq('shop', { broker: 'redis://a', brokerUrl: 'redis://a' })).not.toThrow();
  });

  test("uses the broker that conf was given in place of the constructor's", async () => {
    await using app = new Ctq('shop', { broker: 'memory://one', backend: 'memory://' });
    app.conf.brokerUrl = 'nowhere://';
    await expect(app.transport()).rejects.toMatchObject({ code: 'CTQ_UNKNOWN_SCHEME' });
  });

  test('is read at any time and changed until the first use [ST-002, ST-014, TR-016]', async () => {
    await using app = new Ctq('shop', { broker: 'memory://', backend: 'memory://' });
    const before = app.settings;
    expect(app.conf.taskDefaultQueue).toBe('celery');
    app.conf.taskDefaultQueue = 'mine';
    expect([before.taskDefaultQueue, app.settings.taskDefaultQueue]).toEqual(['celery', 'mine']);
    await app.sendTask('add', [1, 2]);
    for (const change of [
      () => (app.conf.taskDefaultQueue = 'other'),
      () => app.conf.update({ taskDefaultQueue: 'other' }),
      () => app.conf.addDefaults({ taskDefaultQueue: 'other' }),
      () => app.conf.addDefaults(() => ({ taskDefaultQueue: 'other' })),
      () => app.configFromObject({ taskDefaultQueue: 'other' }),
      () => app.override({ settings: { taskDefaultQueue: 'other' } }),
    ]) {
      expect(errorOf(change).code).toBe('CTQ_SETTINGS_IN_USE');
    }
    expect(app.conf.taskDefaultQueue).toBe('mine');
  });

  test('is wrong where it is written, not where it is used; what was right before stays', () => {
    const app = new Ctq('shop', { taskTimeLimit: 7 });
    expect(errorOf(() => new Ctq('bad', { workerConcurrency: 0 })).message).toContain(
      "new Ctq('bad'): 'workerConcurrency'",
    );
    expect(errorOf(() => (app.conf.taskTimeLimit = -1)).message).toContain('conf.taskTimeLimit = …');
    expect(errorOf(() => app.conf.update({ taskTimeLimit: 1, task_soft_time_limit: -1 })).message).toContain(
      'conf.update',
    );
    expect(errorOf(() => app.configFromObject({ taskTimeLimit: -1 })).message).toContain('configFromObject');
    expect(app.conf.taskTimeLimit).toBe(7);
  });

  test('does not take an assignment to a misspelt member [ST-017]', () => {
    const { conf } = new Ctq('shop');
    expect(() => Object.assign(conf, { taskAckLate: true })).toThrow(TypeError);
  });

  test('works defaults out when it is first read [SD-268]', () => {
    const app = new Ctq('shop');
    let calls = 0;
    app.conf.addDefaults(() => {
      calls += 1;
      return { timezone: 'Asia/Tokyo' };
    });
    expect(calls).toBe(0);
    expect([app.conf.timezone, app.settings.timezone, calls]).toEqual(['Asia/Tokyo', 'Asia/Tokyo', 1]);
    app.conf.addDefaults(() => ({ timezone: 'Atlantis' }));
    expect(errorOf(() => app.conf.timezone).message).toContain('conf.addDefaults');
    expect(errorOf(() => app.settings).message).toContain('conf.addDefaults');
  });

  test('is shown as what was given, line by line, or with defaults [ST-013, SD-273, SD-274, TR-016]', () => {
    const app = new Ctq('shop', { broker: 'redis://u:secret@h/1' });
    app.configFromObject({ task_acks_late: true, taskTimeLimit: '1m', redis_password: 'secret' });
    expect(app.conf.humanize().split('\n').sort()).toEqual([
      "brokerUrl: 'redis://u:**@h/1'",
      'redisPassword: ********',
      'taskAcksLate: true',
      'taskTimeLimit: 60',
    ]);
    expect(app.conf.table({ censored: false })).toEqual({
      ...{ brokerUrl: 'redis://u:secret@h/1', taskAcksLate: true, taskTimeLimit: 60, redisPassword: 'secret' },
    });
    expect(app.conf.table({ withDefaults: true })).toMatchObject({
      taskDefaultQueue: 'celery',
      redisPassword: '********',
    });
    expect(inspect(app.conf)).toContain('taskTimeLimit: 60');
  });

  test('is carried to another process as its changes alone [ST-016]', () => {
    const app = new Ctq('shop', { taskTimeLimit: '1m', brokerUrl: ['redis://a', 'redis://b'], resultExpires: null });
    const carried = structuredClone(app.conf.table({ censored: false }));
    expect(Object.keys(carried).sort()).toEqual(['brokerUrl', 'resultExpires', 'taskTimeLimit']);
    const copy = new Ctq('shop');
    copy.conf.update(carried);
    expect(copy.settings.taskTimeLimit).toBe(60);
    expect(copy.settings.brokerUrl).toBe('redis://a;redis://b');
  });

  test('remembers which old names were used; a namespace has none [ST-006]', () => {
    const app = new Ctq('shop', { CELERY_ACKS_LATE: true }).configFromObject({
      BROKER_URL: 'redis://h',
      timezone: 'UTC',
    });
    app.configFromObject({ CELERY_TASK_TRACK_STARTED: true }, { namespace: 'CELERY' });
    expect(app.conf.oldNames()).toEqual([
      { old: 'CELERY_ACKS_LATE', setting: 'taskAcksLate' },
      { old: 'BROKER_URL', setting: 'brokerUrl' },
    ]);
  });

  test('has types', () => {
    expectTypeOf<Conf['taskTimeLimit']>().toEqualTypeOf<number | undefined>();
    const { conf } = new Ctq('shop');
    // @ts-expect-error: no such setting
    expect(conf.taskAckLate).toBeUndefined();
    // @ts-expect-error: true or false
    expect(() => (conf.taskAcksLate = 'yes')).toThrow('expected true or false');
  });

  test('of one app is nothing to another [SD-066]', () => {
    const one = new Ctq('one', { taskDefaultQueue: 'one' });
    const other = new Ctq('other');
    one.conf.taskAcksLate = false;
    expect([other.conf.taskAcksLate, other.conf.taskDefaultQueue]).toEqual([true, 'celery']);
  });

  test('says in one line, at the first use, which settings have no effect yet', async () => {
    const lines: LogRecord[] = [];
    const logger = createLogger((line) => lines.push(line));
    await using app = new Ctq('shop', { broker: 'memory://', workerStateDb: 'state', beatSyncEvery: 0, logger });
    app.conf.update({ beat_schedule: { a: {} } });
    expect(app.settings.workerStateDb).toBe('state');
    expect(lines).toEqual([]);
    await app.transport();
    expect(lines.map(({ level, message }) => [level, message])).toEqual([
      ['warn', 'Settings without effect in this version: beatSchedule.'],
    ]);
  });
});

describe('a configuration that comes over from Celery', () => {
  test('may be written in any mixture of names [ST-005, SD-094, SD-096, SD-098, SD-276]', () => {
    const app = new Ctq('shop').configFromObject({
      BROKER_URL: 'redis://h',
      CELERY_RESULT_BACKEND: 'redis://h/1',
      BROKER_TRANSPORT_OPTIONS: { visibility_timeout: 3_600 },
      task_track_started: true,
      timezone: 'Asia/Shanghai',
    });
    expect(app.settings).toMatchObject({
      brokerUrl: 'redis://h',
      resultBackend: 'redis://h/1',
      brokerTransportOptions: { visibility_timeout: 3_600 },
      taskTrackStarted: true,
      timezone: 'Asia/Shanghai',
    });
  });

  test('is told of all that is wrong with it at once, with what was meant [ST-005, SD-097, SD-099, SD-446]', () => {
    const given: Readonly<Record<string, unknown>> = {
      backend_result: 'redis://:secret@h',
      BROKEN_TRANSPORT_OPTIONS: {},
      CELERYD_CONSUMER: 'my.Consumer',
      task_acks_late: 'maybe',
      CELERYD_TASK_TIME_LIMIT: 10,
      task_time_limit: 20,
      timezone: 'UTC',
    };
    const app = new Ctq('shop');
    const error = errorOf(() => app.configFromObject(given, { source: 'celeryconfig.json' }));
    expect(error.message.split('\n')).toEqual([
      'celeryconfig.json: 5 settings cannot be used.',
      "- there is no setting 'backend_result'. Did you mean 'result_backend'?",
      "- there is no setting 'BROKEN_TRANSPORT_OPTIONS'. Did you mean 'BROKER_TRANSPORT_OPTIONS'?",
      expect.stringMatching(/^- ctq does not have Celery's setting 'CELERYD_CONSUMER'\./),
      "- 'task_acks_late' is 'maybe', expected true or false.",
      expect.stringMatching(/^- 'CELERYD_TASK_TIME_LIMIT' and 'task_time_limit' are two names of one setting/),
    ]);
    expect(error.cause).toBeInstanceOf(AggregateError);
    expect(inspect(error, { depth: 9 })).not.toContain('secret');
    expect(app.conf.table()).toEqual({});
  });

  test('shares an object with the settings of a web framework behind a namespace [ST-004, ST-015, SD-270]', () => {
    const site = { DEBUG: true, CELERY_BROKER_URL: 'redis://h', CELERY_TASK_ALWAYS_EAGER: true };
    const app = new Ctq('site').configFromObject(site, { namespace: 'CELERY' });
    expect(app.conf.table()).toEqual({ brokerUrl: 'redis://h', taskAlwaysEager: true });
  });
});

describe('a configuration module', () => {
  const settings = `export const broker_url = 'redis://h/2';\nexport const taskTimeLimit = '1m';`;

  test.each([
    ['./ctqconfig.mjs', { 'ctqconfig.mjs': settings }],
    ['./ctqconfig', { 'ctqconfig.mjs': settings }],
    ['./default.mjs', { 'default.mjs': `export default { broker_url: 'redis://h/2', taskTimeLimit: 60 };` }],
    ['./mixed.mjs', { 'mixed.mjs': `export const taskTimeLimit = 60;\nexport default { brokerUrl: 'redis://h/2' };` }],
    ['./config.cjs', { 'config.cjs': `module.exports = { broker_url: 'redis://h/2', taskTimeLimit: 60 };` }],
    ['./config.json', { 'config.json': '{ "BROKER_URL": "redis://h/2", "taskTimeLimit": "1m" }' }],
    [
      './all.mjs:production',
      { 'all.mjs': `export const production = { brokerUrl: 'redis://h/2', taskTimeLimit: 60 };` },
    ],
    [
      '@shop/config',
      { 'node_modules/@shop/config/index.js': `exports.broker_url = 'redis://h/2'; exports.task_time_limit = 60;` },
    ],
  ])(
    'is found and read: %s [ST-001, ST-015, TR-013, SD-074, SD-075, SD-076, SD-077, SD-269]',
    async (module, files) => {
      using project = new ConfigFolder(files);
      const app = project.app();
      expect(await app.configFromModule(module)).toBe(true);
      expect(app.conf.table()).toEqual({ brokerUrl: 'redis://h/2', taskTimeLimit: 60 });
    },
  );

  test('is given as what was imported, too [ST-001, SD-074]', async () => {
    using project = new ConfigFolder({ 'ctqconfig.mjs': settings });
    const module = (await import(pathToFileURL(join(project.folder, 'ctqconfig.mjs')).href)) as SettingsInput;
    expect(new Ctq('shop').configFromObject(module).conf.taskTimeLimit).toBe(60);
    const loaded = { default: { taskTimeLimit: 60 } } as const;
    expect(new Ctq('shop').configFromObject(loaded).conf.taskTimeLimit).toBe(60);
  });

  test('that is not there is an error that says where it was looked for, or passed over when silent [TR-013, SD-269]', async () => {
    using project = new ConfigFolder({});
    const app = project.app();
    const failed = app.configFromModule('./gone.js');
    await expect(failed).rejects.toMatchObject({ code: 'CTQ_BAD_CONFIG_MODULE' });
    await expect(failed).rejects.toThrow(project.folder);
    expect(await app.configFromModule('./gone.js', { silent: true })).toBe(false);
    expect(await app.configFromModule('no-such-package', { silent: true })).toBe(false);
    await expect(app.configFromModule('')).rejects.toThrow(TypeError);
  });

  test.each([
    ['./throws.mjs', { 'throws.mjs': `throw new Error('no vault');` }, 'no vault'],
    [
      './none.mjs:staging',
      { 'none.mjs': 'export const production = {};' },
      "exports no object 'staging', but production",
    ],
    ['./list.json', { 'list.json': '[]' }, 'no object of settings'],
    ['./broken.json', { 'broken.json': '{ "redisPassword": "hunter2"' }, 'not valid JSON'],
    [
      './wrong.mjs',
      { 'wrong.mjs': 'export const task_ack_late = 1;' },
      "./wrong.mjs: there is no setting 'task_ack_late'",
    ],
  ])('that cannot be used is an error, also when silent: %s', async (module, files, message) => {
    using project = new ConfigFolder(files);
    const error: unknown = await project
      .app()
      .configFromModule(module, { silent: true })
      .catch((thrown: unknown) => thrown);
    expect(ConfigurationError.isInstance(error)).toBe(true);
    expect(String(error)).toContain(message);
    expect(inspect(error, { depth: 9 })).not.toContain('hunter2');
  });

  test('is loaded by whom the program says', async () => {
    using project = new ConfigFolder({ 'ctqconfig.ts': 'not JavaScript' });
    const app = project.app();
    const urls: string[] = [];
    const importModule = (url: string): Promise<unknown> => {
      urls.push(url);
      return Promise.resolve({ taskTimeLimit: 3 });
    };
    await app.configFromModule('./ctqconfig', { importModule });
    expect(urls).toEqual([pathToFileURL(join(project.folder, 'ctqconfig.ts')).href]);
    expect(app.conf.taskTimeLimit).toBe(3);
  });
});

describe('a configuration in the environment', () => {
  test('is read behind a prefix, texts as what is meant [ST-001, ST-010, TR-014]', () => {
    const env = {
      PATH: '/bin',
      SHOP_TASK_ACKS_LATE: 'no',
      SHOP_WORKER_CONCURRENCY: '8',
      SHOP_ACCEPT_CONTENT: 'json, msgpack',
      SHOP_TIMEZONE: '',
    };
    const app = new Ctq('shop').configFromEnvironment(env, { prefix: 'SHOP' });
    expect(app.conf.table()).toEqual({ taskAcksLate: false, workerConcurrency: 8, acceptContent: ['json', 'msgpack'] });
  });

  test('says what is no setting, and does not show what may be secret', () => {
    const env = { SHOP_TASK_ACK_LATE: 'no', SHOP_BROKER_TRANSPORT_OPTIONS: '{"password":"hunter2"' };
    const error = errorOf(() => new Ctq('shop').configFromEnvironment(env, { prefix: 'SHOP' }));
    expect(error.message).toContain("there is no setting 'SHOP_TASK_ACK_LATE'. Did you mean 'SHOP_TASK_ACKS_LATE'?");
    expect(error.message).toContain("'SHOP_BROKER_TRANSPORT_OPTIONS' is a string, expected an object.");
    expect(inspect(error, { depth: 9 })).not.toContain('hunter2');
  });
});

describe('settings of results', () => {
  test('resultBackendTransportOptions go to the backend beside its URL [ST-033]', async () => {
    const made: unknown[] = [];
    const backend = (url: string, options: Readonly<Record<string, unknown>>): ResultBackend => {
      made.push([url, options]);
      return memoryBackend();
    };
    await using app = new Ctq('shop', {
      broker: 'memory://',
      adapters: { own: { backend } },
      resultBackend: 'own://h',
      result_backend_transport_options: { global_keyprefix: 'shop:' },
    });
    await app.asyncResult('id').state();
    expect(made).toEqual([['own://h', { global_keyprefix: 'shop:' }]]);
  });

  test.each([
    [true, /^Traceback of Python/],
    [false, /^ValueError: no/],
  ])(
    'taskRemoteTracebacks %s: the stack of what a remote task failed with [ST-174]',
    async (taskRemoteTracebacks, stack) => {
      const backend = memoryBackend();
      await using app = new Ctq('shop', { broker: 'memory://', backend, taskRemoteTracebacks });
      const result = { excType: 'ValueError', excMessage: ['no'], excModule: 'builtins' };
      const record = {
        status: 'FAILURE',
        result,
        traceback: 'Traceback of Python',
        children: [],
        dateDone: null,
      } as const;
      await app.kernel.results.store({ taskId: 'id', ...record });
      const error = (await app
        .asyncResult('id')
        .get()
        .catch((thrown: unknown) => thrown)) as Error;
      expect(error.stack).toMatch(stack);
    },
  );
});
