import { chord } from '@ctq/core';
import { isSameValue } from '@ctq/messaging';
import { redisDatabase, type RedisDatabase } from '@ctq/test-services';
import { describeWith } from '@ctq/test-services/vitest';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inPython, inTypescript, MixedFleet } from './mixed-fleet.js';
import type { PythonNode } from './python/celery-client.js';
import { makingPythonMs } from './python/environment.js';
import { ambiguousTexts, datedValues, jsonValues, plainValues, type ValuePair } from './values.js';

const soon = { timeout: '20s' } as const;

const formats: readonly (readonly [
  serializer: string,
  compression: string | undefined,
  priority: number,
  values: readonly ValuePair[],
])[] = [
  ['json', undefined, 0, [...plainValues, ...jsonValues]],
  ['json', 'gzip', 3, [...plainValues, ...jsonValues]],
  ['json', 'brotli', 6, [...plainValues, ...jsonValues]],
  ['json', 'bzip2', 2, [...plainValues, ...jsonValues]],
  ['json', 'lzma', 4, [...plainValues, ...jsonValues]],
  ['json', 'zstd', 7, [...plainValues, ...jsonValues]],
  ['yaml', undefined, 8, [...plainValues, ...datedValues, ...ambiguousTexts]],
  ['yaml', 'zstd', 0, [...plainValues, ...datedValues, ...ambiguousTexts]],
  ['msgpack', undefined, 9, plainValues],
  ['msgpack', 'lzma', 3, plainValues],
  ['msgpack', 'zlib', 5, plainValues],
  ['msgpack', 'brotli', 1, plainValues],
];

/**
 * Results in JSON, which carries all values; in msgpack, where members of chords are bytes that are no text; and in YAML, where they are text of
 * another kind.
 */
const resultFormats: readonly (readonly [
  title: string,
  database: RedisDatabase,
  settings: Readonly<Record<string, unknown>>,
  formats: typeof formats,
])[] = [
  ['with results in JSON [BK-015]', 'interopCalls', {}, formats],
  [
    'with results in msgpack [BK-015]',
    'interopMsgpackCalls',
    { result_serializer: 'msgpack', result_accept_content: ['json', 'msgpack'] },
    [
      ['json', undefined, 0, plainValues],
      ['msgpack', undefined, 9, plainValues],
    ],
  ],
  [
    'with results in YAML [BK-015, MS-176]',
    'interopYamlCalls',
    { result_serializer: 'yaml', result_accept_content: ['json', 'yaml'] },
    [
      ['json', undefined, 0, [...plainValues, ...datedValues]],
      ['yaml', 'bzip2', 9, [...plainValues, ...datedValues]],
    ],
  ],
];

describeWith('redis', 'Celery and ctq on one Redis', (url) => {
  describe.each(resultFormats)('%s', (_title, database, settings, chosen) => {
    const fleet = new MixedFleet(redisDatabase(url, database), settings);
    const { app } = fleet;
    const add = app.task('typescript.add', { params: ['x', 'y'] }, (x: number, y: number) => x + y);
    const total = app.task('typescript.total', (numbers: readonly number[]) =>
      numbers.reduce((sum, one) => sum + one, 0),
    );
    app.task('typescript.echo', (value: unknown) => value);
    app.task('typescript.fail', () => {
      throw new TypeError('no such order');
    });
    app.task('typescript.priority', { bind: true }, (ctx) => ctx.request.deliveryInfo?.priority);

    beforeAll(() => fleet.start(), makingPythonMs);
    afterAll(() => fleet.stop(), 30_000);

    const formatted = chosen.map(([serializer, compression, priority, values]) => {
      const options = { serializer, priority, ...(compression === undefined ? {} : { compression }) };
      return [serializer, compression ?? 'no', options, values] as const;
    });

    test.each(formatted)(
      'a Python client gives a ctq task values in %s with %s compression and gets them back [TR-083, TR-084, TR-124]',
      async (_serializer, _compression, options, values) => {
        const expressions = values.map(([python]) => python);
        const sent = { ...options, queue: 'typescript' };
        expect(await fleet.client.echo('typescript.echo', expressions, sent)).toEqual(expressions);
        expect(await fleet.client.call(['task', 'typescript.priority', [], sent])).toEqual({ value: sent.priority });
      },
    );

    test.each(formatted)(
      'a ctq client gives a Python task values in %s with %s compression and gets them back [TR-083, TR-084, TR-124]',
      async (_serializer, _compression, options, values) => {
        const sent = { ...options, queue: 'python' };
        const call = async (task: string, value: unknown): Promise<unknown> =>
          (await app.sendTask(task, value === undefined ? [] : [value], {}, sent)).get(soon);
        expect(await call('python.priority', undefined)).toBe(options.priority);
        const shown = await Promise.all(values.map(([, own]) => call('python.show', own)));
        expect(shown).toEqual(values.map(([python]) => python));
        const returned = await Promise.all(values.map(([, own]) => call('python.echo', own)));
        expect(returned.filter((value, index) => !isSameValue(value, values[index]?.[1]))).toEqual([]);
      },
    );

    test('a Python client pickles the values that it gives to a ctq task, which accepts plain data [MS-177]', async () => {
      const expressions = plainValues.map(([python]) => python);
      const sent = { serializer: 'pickle', queue: 'typescript' };
      expect(await fleet.client.echo('typescript.echo', expressions, sent)).toEqual(expressions);
    });

    test('a Python client gives keyword arguments to a ctq task, and the reverse', async () => {
      const named: PythonNode = ['task', 'typescript.add', [], { queue: 'typescript' }, { y: 1, x: 2 }];
      expect(await fleet.client.call(named)).toEqual({ value: 3 });
      const result = await app.sendTask('python.add', [], { y: 3, x: 4 }, { queue: 'python' });
      expect(await result.get(soon)).toBe(7);
    });

    test('a client waits for a task of the other with a countdown [TR-077]', async () => {
      const later: PythonNode = ['task', 'typescript.add', [1, 1], { queue: 'typescript', countdown: 1 }];
      const result = await app.sendTask('python.add', [2, 2], {}, { queue: 'python', countdown: '1s' });
      expect(await fleet.client.call(later)).toEqual({ value: 2 });
      expect(await result.get(soon)).toBe(4);
    });

    test('a chain of Python goes through both languages', async () => {
      const steps = [inPython('python.add', 1, 1), inTypescript('typescript.add', 10), inPython('python.add', 100)];
      expect(await fleet.client.call(['chain', steps])).toEqual({ value: 112 });
    });

    test('a group of Python has members in both languages', async () => {
      const members = [inPython('python.add', 1, 1), inTypescript('typescript.add', 2, 2)];
      expect(await fleet.client.call(['group', members])).toEqual({ value: [2, 4] });
    });

    test('a chord of Python joins members of both languages, with a body in either [BK-051]', async () => {
      const members = [0, 1, 2, 3].map((n) =>
        (n % 2 === 0 ? inPython : inTypescript)(n % 2 === 0 ? 'python.add' : 'typescript.add', n, n),
      );
      expect(await fleet.client.call(['chord', members, inTypescript('typescript.total')])).toEqual({ value: 12 });
      expect(await fleet.client.call(['chord', members, inPython('python.total')])).toEqual({ value: 12 });
    });

    test('a chord of TypeScript joins members of both languages [BK-051]', async () => {
      const pythonAdd = app.remote<typeof add>('python.add');
      const there = [3, 4].map((n) => pythonAdd.s(n, n).set({ queue: 'python' }));
      const members = [add.s(1, 1), add.s(2, 2), ...there];
      // Whoever ends last sends the body, and knows only its own default queue.
      const body = total.s().set({ queue: 'typescript' });
      expect(await (await chord(members, body).delay()).get(soon)).toBe(20);
    });

    test('a chord of groups keeps their shape, whoever joins it [BK-052]', async () => {
      const nested = [
        ['group', [inPython('python.add', 1, 1), inTypescript('typescript.add', 2, 2)]],
        inTypescript('typescript.add', 3, 3),
      ] as const satisfies readonly PythonNode[];
      const [here, there] = [inTypescript('typescript.echo'), inPython('python.echo')];
      const inPythons = await fleet.client.call(['chord', nested, there]);
      expect(await fleet.client.call(['chord', nested, here])).toEqual(inPythons);
    });

    test('a chord fails in both languages when a member of the other fails', async () => {
      const members = [inPython('python.fail'), inTypescript('typescript.add', 1, 1)];
      const error = { error: 'ChordError', module: 'celery.exceptions' };
      expect(await fleet.client.call(['chord', members, inTypescript('typescript.total')])).toMatchObject(error);
      const others = [inTypescript('typescript.fail'), inPython('python.add', 1, 1)];
      expect(await fleet.client.call(['chord', others, inPython('python.total')])).toMatchObject(error);
    });
  });
});
