import { type CallOptions, chain, chord, ChordError, group } from '@ctq/core';
import { isSameValue } from '@ctq/messaging';
import type { RedisDatabase } from '@ctq/test-services';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inPython, inTypescript, MixedFleet } from './mixed-fleet.js';
import { describeOverBrokers, describeOverRedis, type Place } from './places.js';
import type { WorkflowNode } from './workflows/workflow-node.js';
import { makingPythonMs } from './python/environment.js';
import { compressions } from './table/features.js';
import { valueKinds, type ValuePair, valuesIn } from './values.js';

const soon = { timeout: '20s' } as const;

/** A serializer and a compression of what is sent, with a priority of its own. */
type Format = readonly [serializer: string, compression: string, priority: number];

/** Each serializer that both sides write, with each compression. */
const formats = ['json', 'yaml', 'msgpack'].flatMap((serializer, row) =>
  compressions.map(
    (compression, column): Format => [serializer, compression, (row * compressions.length + column) % 10],
  ),
);

/** Results in msgpack, where members of chords are bytes that are no text; and in YAML, where they are text of another kind. */
const otherResults: readonly (readonly [
  title: string,
  database: RedisDatabase,
  settings: Readonly<Record<string, unknown>>,
  formats: readonly Format[],
])[] = [
  [
    'with results in msgpack [BK-015]',
    'interopMsgpackCalls',
    { result_serializer: 'msgpack', result_accept_content: ['json', 'msgpack'] },
    [
      ['json', 'none', 0],
      ['msgpack', 'none', 9],
    ],
  ],
  [
    'with results in YAML [BK-015, MS-176]',
    'interopYamlCalls',
    { result_serializer: 'yaml', result_accept_content: ['json', 'yaml'] },
    [
      ['json', 'none', 0],
      ['yaml', 'bzip2', 9],
    ],
  ],
];

describeOverBrokers(
  'Celery and ctq with results in JSON, which carries all values [BK-015]',
  { redis: 'interopCalls', amqp: 'interopCalls' },
  (place) => testCalls(place, {}, formats),
);

for (const [title, database, settings, chosen] of otherResults)
  describeOverRedis(`Celery and ctq ${title}`, database, (place) => testCalls(place, settings, chosen));

function testCalls(place: Place, settings: Readonly<Record<string, unknown>>, chosen: readonly Format[]): void {
  const fleet = new MixedFleet(place, settings);
  const { app } = fleet;
  const add = app.task('typescript.add', { params: ['x', 'y'] }, (x: number, y: number) => x + y);
  const total = app.task('typescript.total', (numbers: readonly number[]) =>
    numbers.reduce((sum, one) => sum + one, 0),
  );
  const echo = app.task('typescript.echo', (value: unknown) => value);
  app.task('typescript.fail', () => {
    throw new TypeError('no such order');
  });
  app.task('typescript.priority', { bind: true }, (ctx) => ctx.request.deliveryInfo?.priority);

  beforeAll(() => fleet.start(), makingPythonMs);
  afterAll(() => fleet.stop(), 30_000);

  const formatted = chosen.map((format) => [...format, `${format[0]} with ${format[1]}`] as const);
  // What the results cannot carry cannot come back.
  const carried = String(settings['result_serializer'] ?? 'json');
  const survives = (values: readonly ValuePair[]): readonly ValuePair[] => {
    const carriedValues = valuesIn(carried);
    return values.filter((pair) => carriedValues.includes(pair));
  };

  /** What a ctq task gives back of values that Python sends, as Python shows them. */
  const throughTypescript = (values: readonly ValuePair[], options: Readonly<Record<string, unknown>>) => {
    const expressions = values.map(([python]) => python);
    return fleet.client.echo('typescript.echo', expressions, { ...options, queue: 'typescript' });
  };

  /** What a Python task shows and gives back of values that ctq sends. */
  const throughPython = async (values: readonly ValuePair[], options: CallOptions) => {
    const call = async (task: string, value: unknown): Promise<unknown> =>
      (await app.sendTask(task, [value], {}, { ...options, queue: 'python' })).get(soon);
    const shown = await Promise.all(values.map(([, own]) => call('python.show', own)));
    const returned = await Promise.all(values.map(([, own]) => call('python.echo', own)));
    return { shown, wrong: returned.filter((value, index) => !isSameValue(value, values[index]?.[1])) };
  };

  test.each(formatted)(
    'a Python client gives a ctq task values in %s, compression %s, priority %s, and gets them back [TR-083, TR-084, TR-124] {python → ctq: priority, %s}',
    async (serializer, compression, priority) => {
      const sent = { serializer, priority, ...(compression === 'none' ? {} : { compression }) };
      const values = survives(valuesIn(serializer));
      expect(await throughTypescript(values, sent)).toEqual(values.map(([python]) => python));
      const node: WorkflowNode = ['task', 'typescript.priority', [], { ...sent, queue: 'typescript' }];
      expect(await fleet.client.call(node)).toEqual({ value: priority });
    },
  );

  test.each(formatted)(
    'a ctq client gives a Python task values in %s, compression %s, priority %s, and gets them back [TR-083, TR-084, TR-124] {ctq → python: priority, %s}',
    async (serializer, compression, priority) => {
      const sent = { serializer, priority, ...(compression === 'none' ? {} : { compression }) };
      const values = survives(valuesIn(serializer));
      expect(await throughPython(values, sent)).toEqual({ shown: values.map(([python]) => python), wrong: [] });
      const result = await app.sendTask('python.priority', [], {}, { ...sent, queue: 'python' });
      expect(await result.get(soon)).toBe(priority);
    },
  );

  // Results in JSON carry what pickles do.
  test.each(carried === 'json' ? compressions.map((compression) => [compression, compression]) : [])(
    'that Python pickles is accepted by a ctq task as plain data, compression %s [MS-177] {python → ctq: pickle with %s}',
    async (compression) => {
      const expressions = valuesIn('pickle').map(([python]) => python);
      const sent = { serializer: 'pickle', queue: 'typescript', ...(compression === 'none' ? {} : { compression }) };
      expect(await fleet.client.echo('typescript.echo', expressions, sent)).toEqual(expressions);
    },
  );

  test('a client waits for a task of the other with a countdown [TR-077] {python → ctq: countdown} {ctq → python: countdown}', async () => {
    const later: WorkflowNode = ['task', 'typescript.add', [1, 1], { queue: 'typescript', countdown: 1 }];
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

  test('a chain of ctq goes through both languages', async () => {
    const [here, there] = [{ queue: 'typescript' }, { queue: 'python' }];
    const steps = chain(
      app.signature('python.add', [1, 1]).set(there),
      app.signature('typescript.add', [10]).set(here),
      app.signature('python.add', [100]).set(there),
    );
    expect(await (await steps.delay()).get(soon)).toBe(112);
  });

  test('a group of ctq has members in both languages', async () => {
    const there = app.remote<typeof add>('python.add').s(1, 1).set({ queue: 'python' });
    const members = group([there, add.s(2, 2).set({ queue: 'typescript' })]);
    expect(await (await members.delay()).get(soon)).toEqual([2, 4]);
  });

  const pairs: readonly [number, number][] = [
    [1, 1],
    [2, 2],
    [3, 3],
  ];

  test('a task of either language runs for many items that Python sends [CV-124, CV-125, CV-126]', async () => {
    for (const [echo, sum, options] of [
      ['typescript.echo', 'typescript.add', { queue: 'typescript' }],
      ['python.echo', 'python.add', { queue: 'python' }],
    ] as const) {
      expect(await fleet.client.call(['map', echo, ['a', 'b'], options])).toEqual({ value: ['a', 'b'] });
      expect(await fleet.client.call(['starmap', sum, pairs, options])).toEqual({ value: [2, 4, 6] });
      const chunked: WorkflowNode = ['chunks', sum, pairs, options, 2];
      expect(await fleet.client.call(chunked)).toEqual({ value: [[2, 4], [6]] });
    }
  });

  test('a task of either language runs for many items that ctq sends [CV-124, CV-125, CV-126]', async () => {
    for (const queue of ['typescript', 'python'] as const) {
      const sum = app.remote<typeof add>(`${queue}.add`);
      expect(await (await sum.starmap(pairs).applyAsync([], { queue })).get(soon)).toEqual([2, 4, 6]);
      expect(await (await sum.chunks(pairs, 2).applyAsync([], { queue })).get(soon)).toEqual([[2, 4], [6]]);
      const same = app.remote<typeof echo>(`${queue}.echo`);
      expect(await (await same.map(['a', 'b']).applyAsync([], { queue })).get(soon)).toEqual(['a', 'b']);
    }
  });

  test('a chord of ctq fails when a member in Python fails', async () => {
    const failing = app.signature('python.fail').set({ queue: 'python' });
    const members = [add.s(1, 1).set({ queue: 'typescript' }), failing];
    const body = app.signature('python.total').set({ queue: 'python' });
    const error = await (await chord(members, body).delay()).get(soon).catch((thrown: unknown) => thrown);
    expect(ChordError.isInstance(error) && error.message).toContain('no such order');
  });

  test('a chord of groups keeps their shape, whoever joins it [BK-052]', async () => {
    const nested = [
      ['group', [inPython('python.add', 1, 1), inTypescript('typescript.add', 2, 2)]],
      inTypescript('typescript.add', 3, 3),
    ] as const satisfies readonly WorkflowNode[];
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
}

describeOverRedis('Each kind of value', 'interopValues', (place) => {
  const fleet = new MixedFleet(place);
  const { app } = fleet;
  app.task('typescript.echo', (value: unknown) => value);

  beforeAll(() => fleet.start(), makingPythonMs);
  afterAll(() => fleet.stop(), 30_000);

  const carried = valueKinds.flatMap(({ title, serializers, values }) =>
    serializers.map((serializer) => {
      const shown = `${title.replaceAll(', ', ' and ')} in ${serializer}`;
      return [title, serializer, shown, values] as const;
    }),
  );

  test.each(carried)(
    'goes from Python through a ctq task and comes back: %s, in %s [TR-084] {python → ctq: %s}',
    async (_title, serializer, _shown, values) => {
      const expressions = values.map(([python]) => python);
      const sent = { serializer, queue: 'typescript' };
      expect(await fleet.client.echo('typescript.echo', expressions, sent)).toEqual(expressions);
    },
  );

  // ctq reads pickles, and writes none.
  test.each(carried.filter(([, serializer]) => serializer !== 'pickle'))(
    'goes from ctq through a Python task and comes back: %s, in %s [TR-084] {ctq → python: %s}',
    async (_title, serializer, _shown, values) => {
      const sent = { serializer, queue: 'python' };
      for (const [python, own] of values) {
        const [shown, returned] = await Promise.all(
          ['python.show', 'python.echo'].map(async (task) => (await app.sendTask(task, [own], {}, sent)).get(soon)),
        );
        expect(shown).toBe(python);
        expect(isSameValue(returned, own)).toBe(true);
      }
    },
  );
});
