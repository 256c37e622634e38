import { createMsgpackSerializer, type Message, type Route } from '@ctq/messaging';
import { createLogger, type LogRecord, VirtualClock } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import type { AppOptions } from '../app/app-kernel.js';
import { Ctq } from '../app/ctq.js';

const clock = new VirtualClock(Date.UTC(2030, 0, 1));

/** An app whose calls stop before the broker. */
function setup(options: AppOptions = {}) {
  const sent: { message: Message; route: Route }[] = [];
  const lines: LogRecord[] = [];
  const app = new Ctq('shop', {
    broker: 'memory://',
    clock,
    logger: createLogger((line) => lines.push(line)),
    interceptors: [{ name: 'capture', publish: async ({ message, route }) => void sent.push({ message, route }) }],
    ...options,
  });
  const last = (): Message => {
    const call = sent.at(-1);
    if (call === undefined) throw new Error('Nothing was sent.');
    return call.message;
  };
  return { app, sent, lines, last };
}

describe('a call', () => {
  test('that says nothing is the same by delay as by applyAsync [TR-102]', async () => {
    const { app, sent } = setup();
    const add = app.task('add', (x: number, y: number) => x + y);
    const ids = [await add.delay(2, 3), await add.applyAsync([2, 3], {})].map(({ id }) => id);
    const withoutId = sent.map((call) => JSON.stringify({ ...call, body: Buffer.from(call.message.body).toString() }));
    expect(withoutId[0]?.replaceAll(ids[0] ?? '', 'id')).toBe(withoutId[1]?.replaceAll(ids[1] ?? '', 'id'));
  });

  test('goes to the default queue when neither it nor its task names one [TR-258]', async () => {
    const { app, sent } = setup({ taskDefaultQueue: 'orders' });
    await app.task('pack', () => 1).delay();
    await app.task('ship', { queue: 'trucks' }, () => 1).delay();
    expect(sent.map(({ route }) => route)).toEqual([
      { exchange: '', routingKey: 'orders' },
      { exchange: '', routingKey: 'trucks' },
    ]);
  });

  test('by name has the options of a registered task where it has none of its own [TR-011]', async () => {
    const { app, sent, last } = setup();
    app.task('ship', { queue: 'trucks', priority: 4, timeLimit: 30 }, () => 1);
    await app.sendTask('ship');
    expect(sent[0]?.route.routingKey).toBe('trucks');
    expect(last().properties.priority).toBe(4);
    expect(last().headers['timelimit']).toEqual([30, null]);
    await app.sendTask('ship', [], {}, { queue: 'ships', priority: 2, timeLimit: 60 });
    expect(sent[1]?.route.routingKey).toBe('ships');
    expect(last().properties.priority).toBe(2);
    expect(last().headers['timelimit']).toEqual([60, null]);
    await app.sendTask('not.here');
    expect(sent[2]?.route.routingKey).toBe('celery');
  });

  test('is written in JSON, or as the settings, the task, the call say [TR-045, TR-300]', async () => {
    const written = async (options: AppOptions, task: object, call: object): Promise<unknown> => {
      const { app, last } = setup({ serializers: [createMsgpackSerializer()], ...options });
      await app.task('echo', task, (text: string) => text).applyAsync(['x'.repeat(2_000)], call);
      return [last().contentType, last().headers['compression']];
    };
    const msgpack = { serializer: 'msgpack' };
    expect(await written({}, {}, {})).toEqual(['application/json', undefined]);
    expect(await written({ taskSerializer: 'msgpack', taskCompression: 'gzip' }, {}, {})).toEqual([
      ...['application/x-msgpack', 'application/x-gzip'],
    ]);
    expect(await written({}, { ...msgpack, compression: 'gzip' }, {})).toEqual([
      ...['application/x-msgpack', 'application/x-gzip'],
    ]);
    expect(await written({ taskSerializer: 'msgpack' }, { serializer: 'json' }, {})).toEqual([
      ...['application/json', undefined],
    ]);
    expect(await written({}, msgpack, { serializer: 'json' })).toEqual(['application/json', undefined]);
    expect(await written({}, {}, { ...msgpack, compression: 'gzip' })).toEqual([
      ...['application/x-msgpack', 'application/x-gzip'],
    ]);
  });

  test('expires when it says, else when its task says [TR-053]', async () => {
    const { app, last } = setup();
    const pack = app.task('pack', { expires: '1m' }, () => 1);
    await pack.delay();
    expect(last().headers['expires']).toBe('2030-01-01T00:01:00+00:00');
    expect(last().properties.expiration).toBe('60000');
    await pack.applyAsync([], { expires: 5 });
    expect(last().headers['expires']).toBe('2030-01-01T00:00:05+00:00');
  });

  test('expires after so long or at an instant, in the header and for the broker; a past one at once, with a warning [TR-079]', async () => {
    const { app, last, lines } = setup();
    const pack = app.task('pack', () => 1);
    for (const expires of [1.5, new Date(clock.now() + 1_500)]) {
      await pack.applyAsync([], { expires });
      expect(last().headers['expires']).toBe('2030-01-01T00:00:01.500000+00:00');
      expect(last().properties.expiration).toBe('1500');
    }
    expect(lines).toEqual([]);
    await pack.applyAsync([], { taskId: 'late', expires: new Date(clock.now() - 90_000) });
    expect(last().properties.expiration).toBe('0');
    expect(lines).toMatchObject([{ level: 'warn', message: expect.stringMatching(/pack\[late\].*90s ago/) }]);
  });

  test('has its own time limits over those of its task; null sends none [TR-087]', async () => {
    const { app, last } = setup();
    const pack = app.task('pack', { timeLimit: 60, softTimeLimit: '30s' }, () => 1);
    const limitsOf = async (timeLimit?: number | null, softTimeLimit?: number | null): Promise<unknown> => {
      await pack.applyAsync([], {
        ...(timeLimit === undefined ? {} : { timeLimit }),
        ...(softTimeLimit === undefined ? {} : { softTimeLimit }),
      });
      return last().headers['timelimit'];
    };
    expect(await limitsOf()).toEqual([60, 30]);
    expect(await limitsOf(10, 5)).toEqual([10, 5]);
    expect(await limitsOf(10)).toEqual([10, 30]);
    expect(await limitsOf(null, null)).toEqual([null, null]);
    await app.sendTask('pack', [], {}, { timeLimit: null, softTimeLimit: 5 });
    expect(last().headers['timelimit']).toEqual([null, 5]);
  });

  test('has no ETA with a countdown of 0, a past one with a negative, and none beyond 32 bits [TR-077]', async () => {
    const { app, last } = setup();
    const pack = app.task('pack', () => 1);
    const etaOf = async (countdown: number): Promise<unknown> => {
      await pack.applyAsync([], { countdown });
      return last().headers['eta'];
    };
    expect(await etaOf(0)).toBeNull();
    expect(await etaOf(0.25)).toBe('2030-01-01T00:00:00.250000+00:00');
    expect(await etaOf(-60)).toBe('2029-12-31T23:59:00+00:00');
    expect(await etaOf(-(2 ** 31))).toBe('1961-12-13T20:45:52+00:00');
    await expect(etaOf(-(2 ** 31) - 1)).rejects.toThrow('countdown is out of range');
    await expect(pack.applyAsync([], { expires: -(2 ** 31) - 1 })).rejects.toThrow('expires is out of range');
  });

  test('of something else than a list and an object is refused before it is sent [TR-076]', async () => {
    const { app, sent } = setup();
    const pack = app.task('pack', () => 1);
    await expect(pack.applyAsync('ab' as never)).rejects.toThrow(TypeError);
    await expect(app.sendTask('pack', { x: 1 } as never)).rejects.toThrow('have to be a list');
    for (const kwargs of [[1], 'ab', null, 5])
      await expect(app.sendTask('pack', [], kwargs as never)).rejects.toThrow('have to be an object');
    expect(sent).toEqual([]);
  });

  test('asks for replies at the address of its app, unless it names one [TR-025, TR-090]', async () => {
    const { app, sent } = setup();
    await app.sendTask('pack');
    await app.sendTask('ship');
    await app.sendTask('bill', [], {}, { replyTo: 'my-replies' });
    const other = setup();
    await other.app.sendTask('pack');
    const [first, second, third] = sent.map(({ message }) => message.properties.replyTo);
    expect(first).toMatch(/^[0-9a-f-]{36}$/);
    expect(second).toBe(first);
    expect(third).toBe('my-replies');
    expect(other.last().properties.replyTo).not.toBe(first);
  });
});
