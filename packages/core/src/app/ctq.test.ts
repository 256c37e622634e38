import { ContentNotAcceptedError, jsonSerializer, memoryTransport, type Serializer } from '@ctq/messaging';
import { createLogger, type LogRecord } from '@ctq/runtime';
import { describe, expect, it } from 'vitest';
import { keyValueBackend } from '../backend/key-value-backend.js';
import { memoryBackend } from '../backend/memory-backend.js';
import { memoryStore } from '../backend/memory-store.js';
import { Retry } from '../task/directives.js';
import { DuplicateTaskError } from '../errors/task-errors.js';
import { TimeLimitExceeded } from '../errors/limit-errors.js';
import { Ctq } from './ctq.js';

const eager = (options = {}) => new Ctq('shop', { taskAlwaysEager: true, ...options });

describe('an app', () => {
  it('names tasks by what is given, else by app and function [TR-002, TR-006, TR-032]', () => {
    const app = eager();
    expect(app.task('add', (x: number) => x).taskName).toBe('add');
    expect(
      app.task(function double(x: number) {
        return x * 2;
      }).taskName,
    ).toBe('shop.double');
    expect(() => app.task(((x: number) => x) as never)).toThrow("app.task('add', (x, y) => x + y)");
  });

  it('refuses a second task of the same name [TR-007]', () => {
    const app = eager();
    app.task('add', () => 1);
    expect(() => app.task('add', () => 2)).toThrow(DuplicateTaskError);
    expect(() => eager().task('add', () => 3)).not.toThrow();
  });

  it('runs a task that is called like a function in place [TR-033, TR-069, TR-104]', () => {
    const app = eager();
    const add = app.task('add', (x: number, y: number) => x + y);
    const who = app.task('who', { bind: true }, (ctx, name: string) => [ctx.request.calledDirectly, name]);
    expect(add(2, 2)).toBe(4);
    expect(who('me')).toEqual([true, 'me']);
  });

  it('throws what a task failed with when one that was called in place wants a retry, else Retry [TR-135]', () => {
    const app = eager();
    const again = app.task('again', { bind: true }, (ctx, error?: Error) =>
      ctx.retry(error === undefined ? {} : { error }),
    );
    expect(() => again(new RangeError('too far'))).toThrow(new RangeError('too far'));
    expect(() => again()).toThrow(Retry);
  });

  it('gives every call an id of its own, a random UUID as text [MS-216]', async () => {
    const add = eager().task('add', (x: number, y: number) => x + y);
    const ids = [(await add.delay(1, 1)).id, (await add.delay(1, 1)).id];
    expect(ids[0]).not.toBe(ids[1]);
    for (const id of ids) expect(id).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
  });

  it('runs calls in place, through the serializer, when tasks are always eager [TR-109, TR-110, TR-122]', async () => {
    const app = eager();
    const echo = app.task('echo', (value: unknown) => value);
    const result = await echo.delay({ at: new Date(0), gone: undefined, bytes: new Uint8Array([1]) });
    expect(await result.get()).toEqual({ at: new Date(0), bytes: new Uint8Array([1]) });
    expect(await result.state()).toBe('SUCCESS');
    expect(await result.ready()).toBe(true);
    const how = app.task('how', { bind: true }, ({ request }) => [request.isEager, request.calledDirectly]);
    expect(await (await how.delay()).get()).toEqual([true, false]);
    expect(how()).toEqual([false, true]);
  });

  it('takes serializers of its own, and reads them where they are accepted', async () => {
    const upsideDown: Serializer = {
      name: 'upside-down',
      contentType: 'application/x-upside-down',
      contentEncoding: 'binary',
      encode: (value) => jsonSerializer.encode(value).reverse(),
      decode: (bytes) => jsonSerializer.decode(Uint8Array.from(bytes).reverse()),
    };
    const own = { serializers: [upsideDown], taskSerializer: 'upside-down' };
    const app = eager({ ...own, acceptContent: ['upside-down'], resultSerializer: 'upside-down' });
    const add = app.task('add', (x: number, y: number) => x + y);
    expect(await (await add.delay(2, 2)).get()).toBe(4);
    const strict = eager(own).task('add', (x: number, y: number) => x + y);
    await expect(strict.delay(2, 2)).rejects.toThrow('application/x-upside-down');
  });

  it('reads only results of an accepted serializer [BK-015, ST-023]', async () => {
    const supports = { durability: 'none', reach: 'process', expiry: 'native' } as const;
    const backend = keyValueBackend(memoryStore(), { supports });
    const add = eager({ backend, taskStoreEagerResult: true, resultAcceptContent: ['msgpack'] }).task(
      'add',
      (x: number, y: number) => x + y,
    );
    await expect(add.delay(2, 2).then((result) => result.get())).rejects.toThrow(ContentNotAcceptedError);
  });

  it('stores results with the serializer of resultSerializer [ST-032]', async () => {
    const supports = { durability: 'none', reach: 'process', expiry: 'native' } as const;
    const addWith = (accepted: string) =>
      eager({
        backend: keyValueBackend(memoryStore(), { supports }),
        taskStoreEagerResult: true,
        resultSerializer: 'msgpack',
        resultAcceptContent: [accepted],
      }).task('add', (x: number, y: number) => x + y);
    expect(await (await addWith('msgpack').delay(2, 2)).get()).toBe(4);
    await expect(
      addWith('json')
        .delay(2, 2)
        .then((result) => result.get()),
    ).rejects.toThrow('application/x-msgpack');
  });

  it.each(['yaml', 'msgpack'])(
    'stores results in %s, and reads them where that is accepted [ST-032, ST-023]',
    async (format) => {
      const supports = { durability: 'none', reach: 'process', expiry: 'native' } as const;
      const backend = keyValueBackend(memoryStore(), { supports });
      const settings = { backend, resultSerializer: format, resultAcceptContent: [format] };
      const echo = eager(settings).task('echo', (value: unknown) => value);
      expect(await (await echo.delay({ a: [1, 'yes', null] })).get()).toEqual({ a: [1, 'yes', null] });
    },
  );

  it('gives brokerTransportOptions to the transport beside its URL [ST-050]', async () => {
    const made: unknown[] = [];
    const transport = (url: string, options: Readonly<Record<string, unknown>>) => {
      made.push([url, options]);
      return memoryTransport();
    };
    const app = new Ctq('options', {
      adapters: { own: { transport } },
      brokerUrl: 'own://h',
      brokerTransportOptions: { visibility_timeout: 60 },
    });
    await app.transport();
    expect(made).toEqual([['own://h', { visibility_timeout: 60 }]]);
  });

  it.each([
    [{}, {}],
    [{ brokerUseSsl: true }, { tls: true }],
    [{ broker_use_ssl: { ssl_cert_reqs: 'required' } }, { tls: { ssl_cert_reqs: 'required' } }],
  ])('gives the transport what %j says of TLS, behind its options [ST-063]', async (settings, expected) => {
    const made: unknown[] = [];
    const transport = (...given: unknown[]) => {
      made.push(given);
      return memoryTransport();
    };
    const app = new Ctq('options', { adapters: { own: { transport } }, brokerUrl: 'own://h', ...settings });
    await app.transport();
    expect(made).toEqual([['own://h', {}, expected]]);
  });

  it.each([
    ['amqp://h', {}, { heartbeat: 120, delayedQueueType: 'quorum' }],
    [
      'pyamqp://h',
      { brokerHeartbeat: null, brokerLoginMethod: 'EXTERNAL' },
      { heartbeat: 0, delayedQueueType: 'quorum', loginMethod: 'EXTERNAL' },
    ],
    [
      'amqps://h',
      { broker_heartbeat: 30, broker_native_delayed_delivery_queue_type: 'classic' as const },
      { heartbeat: 30, delayedQueueType: 'classic' },
    ],
    ['own://h', { brokerHeartbeat: 30 }, {}],
  ])(
    'gives %s what %j says of RabbitMQ, and no other transport [ST-057, ST-059, ST-060]',
    async (brokerUrl, settings, expected) => {
      const made: unknown[] = [];
      const transport = (...given: unknown[]) => {
        made.push(given);
        return memoryTransport();
      };
      const scheme = brokerUrl.split(':')[0] ?? '';
      const app = new Ctq('options', { adapters: { [scheme]: { transport } }, brokerUrl, ...settings });
      await app.transport();
      expect(made).toEqual([[brokerUrl, {}, expected]]);
    },
  );

  it('says that a broker that was given as an object is not encrypted by a setting', async () => {
    const lines: LogRecord[] = [];
    const logger = createLogger((line) => lines.push(line));
    const app = new Ctq('options', { broker: memoryTransport(), brokerUseSsl: true, logger });
    await app.transport();
    await app.transport();
    expect(lines.map(({ level, message }) => [level, message])).toEqual([
      ['warn', expect.stringContaining('brokerUseSsl has no effect')],
    ]);
  });

  it('gives settings of Redis to result stores of that kind, and to no other [ST-119, ST-122, ST-126, ST-127, ST-128, ST-129, ST-218, ST-219, ST-220]', async () => {
    const made: unknown[] = [];
    const credentialProvider = () => ({ password: 'secret' });
    const backend = (...given: unknown[]) => {
      made.push(given);
      return memoryBackend();
    };
    for (const scheme of ['redis', 'sentinel', 'own']) {
      const app = new Ctq('options', {
        adapters: { [scheme]: { backend } },
        broker: memoryTransport(),
        backend: `${scheme}://h`,
        redis_backend_use_ssl: { ssl_cert_reqs: 'required' },
        redis_max_connections: 5,
        redisSocketConnectTimeout: '2s',
        redisRetryOnTimeout: true,
        redisSocketKeepalive: false,
        redisBackendHealthCheckInterval: 5,
        redisBackendCredentialProvider: credentialProvider,
        redisClientName: 'shop',
      });
      await app.asyncResult('id').state();
      await app.close();
    }
    const defaults = {
      tls: { ssl_cert_reqs: 'required' },
      maxConnections: 5,
      socketTimeout: 120,
      connectTimeout: 2,
      retryOnTimeout: true,
      socketKeepalive: false,
      healthCheckInterval: 5,
      credentialProvider,
      clientName: 'shop',
    };
    expect(made).toEqual([
      ['redis://h', {}, defaults],
      ['sentinel://h', {}, defaults],
      ['own://h', {}, {}],
    ]);
  });

  it("throws a task's error where it was called when eager errors propagate [TR-111, ST-165]", async () => {
    const app = eager({ taskEagerPropagates: true });
    const fail = app.task('fail', () => {
      throw new TypeError('no');
    });
    await expect(fail.delay()).rejects.toThrow('no');
  });

  it('runs retries at once when eager, up to their limit [TR-112]', async () => {
    const app = eager();
    const attempts: number[] = [];
    const flaky = app.task('flaky', { bind: true, maxRetries: 2 }, (ctx) => {
      attempts.push(ctx.request.retries);
      return ctx.retry({ error: new RangeError('again'), countdown: 3_600 });
    });
    const result = await flaky.delay();
    await expect(result.get()).rejects.toThrow('again');
    expect(attempts).toEqual([0, 1, 2]);
  });

  it('sends by name without a function, and says what is not registered [TR-011, TR-222]', async () => {
    await expect(eager().sendTask('nobody.knows', [1])).rejects.toThrow('nobody.knows');
  });

  it('gives an ignored result at once as null [TR-040, TR-105, TR-178]', async () => {
    const app = eager();
    const quiet = app.task('quiet', { ignoreResult: true }, () => 5);
    const result = await quiet.delay();
    expect(result.ignored).toBe(true);
    expect(await result.get()).toBeNull();
    expect(await app.asyncResult(result.id).state()).toBe('PENDING');
  });

  it('ignores results as the call says, else the task, else the setting [TR-040, TR-091]', async () => {
    const app = eager({ taskIgnoreResult: true });
    const five = app.task('five', () => 5);
    const loud = app.task('loud', { ignoreResult: false }, () => 5);
    expect((await five.delay()).ignored).toBe(true);
    expect(await (await five.applyAsync([], { ignoreResult: false })).get()).toBe(5);
    expect(await (await loud.delay()).get()).toBe(5);
    const hushed = await loud.applyAsync([], { ignoreResult: true });
    expect(hushed.ignored).toBe(true);
    expect(await app.asyncResult(hushed.id).state()).toBe('PENDING');
  });

  it('keeps the errors of an ignored task where the task or the setting asks for it [TR-041]', async () => {
    const states = async (app: Ctq, storeErrorsEvenIfIgnored?: boolean): Promise<string> => {
      const own = storeErrorsEvenIfIgnored === undefined ? {} : { storeErrorsEvenIfIgnored };
      const fail = app.task('fail', { ignoreResult: true, ...own }, () => {
        throw new TypeError('no');
      });
      return app.asyncResult((await fail.delay()).id).state();
    };
    expect(await states(eager())).toBe('PENDING');
    expect(await states(eager(), true)).toBe('FAILURE');
    expect(await states(eager({ taskStoreErrorsEvenIfIgnored: true }))).toBe('FAILURE');
    expect(await states(eager({ taskStoreErrorsEvenIfIgnored: true }), false)).toBe('PENDING');
  });

  it("stores what cannot be serialised as the task's failure [TR-302]", async () => {
    const app = eager();
    const odd = app.task('odd', () => new Map([[1, 2]]));
    const result = await odd.delay();
    await expect(result.get()).rejects.toMatchObject({ name: 'EncodeError' });
  });

  it('keeps custom states and their data [TR-168]', async () => {
    const app = eager();
    const states: unknown[] = [];
    const slow = app.task('slow', { bind: true }, async (ctx) => {
      await ctx.updateState('PROGRESS', { done: 3 });
      states.push(await app.asyncResult(ctx.request.id).record());
      return 1;
    });
    const result = await slow.delay();
    expect(states).toMatchObject([{ status: 'PROGRESS', result: { done: 3 }, dateDone: null }]);
    expect(await result.state()).toBe('SUCCESS');
  });

  it('nests interceptors around publish, execute and store, the first outermost', async () => {
    const order: string[] = [];
    const around = (name: string) => ({
      name,
      execute: async (execution: never, next: (given: never) => Promise<never>) => {
        order.push(`${name} in`);
        const outcome = await next(execution);
        order.push(`${name} out`);
        return outcome;
      },
      store: async (record: never, next: (given: never) => Promise<void>) => {
        order.push(`${name} store`);
        await next(record);
      },
    });
    const app = eager({ interceptors: [around('a'), around('b')] });
    await app.task('add', () => order.push('run')).delay();
    expect(order).toEqual(['a in', 'b in', 'run', 'b out', 'a out', 'a store', 'b store']);
  });

  it('refuses a soft limit above the hard one, whatever their units [TR-039, TR-235]', () => {
    expect(() => eager().task('slow', { timeLimit: '10s', softTimeLimit: '1m' }, () => 1)).toThrow(
      'must not be longer',
    );
    expect(new TimeLimitExceeded(10).message).toContain('10');
  });

  it('hands out signatures and results of its own [TR-012]', async () => {
    const app = eager();
    app.task('add', (x: number, y: number) => x + y);
    const sent = await app.signature('add', [2]).delay(3);
    expect(await app.asyncResult(sent.id).get()).toBe(5);
    const again = app.asyncResult<number>(sent.id);
    expect(await app.resultSet([again]).join()).toEqual([5]);
    const group = app.groupResult<[number]>('g', [again]);
    await group.save();
    expect(await (await app.restoreGroup('g'))?.get()).toEqual([5]);
    const stranger = eager();
    expect(await stranger.asyncResult(sent.id).state()).toBe('PENDING');
  });

  it('closes twice, and without ever having been used', async () => {
    const app = new Ctq('idle');
    await app.close();
    await app.close();
  });
});
