import { Decimal, PlainDate, PlainTime, Uuid, WireDate } from '@ctq/messaging';
import { loadVectors } from '@ctq/wire-vectors';
import { describe, expect, test } from 'vitest';
import { argsRepr, kwargsRepr, saferepr } from './args-repr.js';
import { ReprWriter } from './repr-writer.js';

interface Row {
  readonly python_repr: string;
  readonly saferepr: string;
  readonly maxlen?: number;
}

const rows = loadVectors('saferepr').flatMap(({ raw }) =>
  (raw as unknown as readonly Row[]).map((row) => ({ maxlen: 1_024, ...row })),
);

/** A Python tuple in a table of values: JavaScript has none. */
class Tuple {
  readonly items: readonly unknown[];

  constructor(...items: readonly unknown[]) {
    this.items = items;
  }
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** What Python shows, as the value that JavaScript has for it. Left out: what it has not (frozenset, range, tuples inside of others, 1.0). */
const values = new Map<string, unknown>([
  ['()', new Tuple()],
  ['(1,)', new Tuple(1)],
  ['(1, 2)', new Tuple(1, 2)],
  ['(1, 2, 3)', new Tuple(1, 2, 3)],
  ['[1]', [1]],
  ['[1, 2]', [1, 2]],
  ['[]', []],
  ['{}', {}],
  ["{'a': 1}", { a: 1 }],
  ["{'a': 'b'}", { a: 'b' }],
  ['{1: 2}', new Map([[1, 2]])],
  ['set()', new Set()],
  ['{1}', new Set([1])],
  ["'x'", 'x'],
  ['"it\'s"', "it's"],
  ["'back\\\\slash'", 'back\\slash'],
  ["'new\\nline'", 'new\nline'],
  ["'dq\"'", 'dq"'],
  ["b'abc'", text('abc')],
  ["b'\\xff'", new Uint8Array([255])],
  ['1e+100', 1e100],
  ['1000000000000000000000000000000', 10n ** 30n],
  ['True', true],
  ['None', null],
  ["Decimal('1.10')", new Decimal('1.10')],
  ['datetime.datetime(2030, 1, 2, 0, 0)', new WireDate('2030-01-02T00:00:00')],
  ["UUID('00000000-0000-0000-0000-000000000001')", new Uuid('00000000-0000-0000-0000-000000000001')],
  ['[[[[1]]]]', [[[[1]]]]],
  ["{'a': {'b': {'c': 1}}}", { a: { b: { c: 1 } } }],
  ['([1, [2, [3, [4]]]],)', new Tuple([1, [2, [3, [4]]]])],
  ["'é世'", 'é世'],
  ["'\\u2028'", '\u2028'],
  ['nan', Number.NaN],
  ['inf', Number.POSITIVE_INFINITY],
  ["[{'deep': [{'er': [1]}]}]", [{ deep: [{ er: [1] }] }]],
  ["('hello world', 'second string')", new Tuple('hello world', 'second string')],
  ["{'key': 'value', 'k2': [1, 2, 3]}", { key: 'value', k2: [1, 2, 3] }],
  [
    '[[1, 2], [3, 4]]',
    [
      [1, 2],
      [3, 4],
    ],
  ],
  ["'hello world'", 'hello world'],
  ["b'hello world'", text('hello world')],
  ["('hello worldhello worldhello world',)", new Tuple('hello worldhello worldhello world')],
  ['5', 5],
  ["('t',)", new Tuple('t')],
  ["Exception('e')", Object.assign(new Error('e'), { name: 'Exception' })],
  [
    `[${Array.from({ length: 1_000 }, (_, index) => index).join(', ')}]`,
    Array.from({ length: 1_000 }, (_, index) => index),
  ],
]);

/** Long texts are read from what Python shows. */
function valueOf(pythonRepr: string): unknown {
  if (values.has(pythonRepr)) return values.get(pythonRepr);
  const [, container, ...texts] = /^([({[]?)b?'(\w+)'(?:, b?'(\w+)')?(?:: 1)?,?[)}\]]?$/.exec(pythonRepr) ?? [];
  const [first = '', second] = texts;
  const both = second === undefined ? [first] : [first, second];
  if (container === '(') return new Tuple(...both);
  if (container === '{') return { [first]: 1 };
  if (container === '[') return both.map(text);
  return container === undefined ? undefined : first;
}

const known = rows.filter((row) => valueOf(row.python_repr) !== undefined);

describe('display forms of arguments', () => {
  test.each(known)('[TR-213] are what Celery shows: $saferepr ($maxlen)', (row) => {
    const value = valueOf(row.python_repr);
    const writer = new ReprWriter(row.maxlen);
    expect(value instanceof Tuple ? writer.writeTuple(value.items) : writer.write(value)).toBe(row.saferepr);
  });

  test('[TR-213] the table leaves out nothing but what JavaScript does not have', () => {
    const leftOut = new Set(rows.filter((row) => valueOf(row.python_repr) === undefined).map((row) => row.python_repr));
    expect([...leftOut]).toEqual(['frozenset({1})', '1.0', '[(), [], {}]', 'range(0, 5)']);
  });

  test('[TR-213] of positional arguments are tuples, of keyword arguments dicts', () => {
    expect(argsRepr([])).toBe('()');
    expect(argsRepr([2, 3])).toBe('(2, 3)');
    expect(argsRepr([[1], undefined, false])).toBe('([1], None, False)');
    expect(kwargsRepr({})).toBe('{}');
    expect(kwargsRepr({ a: 'x', b: null })).toBe("{'a': 'x', 'b': None}");
  });

  test('[TR-213] of short scalars are what the long way round gives', () => {
    const lists = [
      [2, 3],
      ['a b', '😀', 'back\\slash', ''],
      [true, null, -5],
      ["it's"],
      [0, -0],
      ['x'.repeat(99), 'x'.repeat(100)],
      [1.5],
    ];
    for (const args of lists) expect(argsRepr(args)).toBe(new ReprWriter(1_024).writeTuple(args));
    expect(argsRepr(Array(8).fill('x'.repeat(99)))).toBe(
      new ReprWriter(1_024).writeTuple(Array(8).fill('x'.repeat(99))),
    );
  });

  test('[TR-213] are cut at 1024 characters', () => {
    expect(argsRepr(['x'.repeat(5_000)])).toMatch(/^\('x{1023}\.\.\.', \.\.\.$/);
  });

  test('numbers are written as Python writes them', () => {
    expect([0.00001, 1e-7, 1.5e-10, 0.0001, 1e21, 2 ** 53, -0, -1.5].map((value) => saferepr(value))).toEqual([
      ...['1e-05', '1e-07', '1.5e-10', '0.0001', '1e+21', '9007199254740992', '-0.0', '-1.5'],
    ]);
  });

  test('dates, times and offsets are the constructors that Python shows', () => {
    const shown = (value: unknown): string => saferepr(value);
    expect(shown(new Date('2030-01-02T03:04:05.678Z'))).toBe(
      'datetime.datetime(2030, 1, 2, 3, 4, 5, 678000, tzinfo=datetime.timezone.utc)',
    );
    expect(shown(new WireDate('2030-01-02T03:04:00.000001-03:30'))).toBe(
      'datetime.datetime(2030, 1, 2, 3, 4, 0, 1, tzinfo=datetime.timezone(datetime.timedelta(days=-1, seconds=73800)))',
    );
    expect(shown(new WireDate('2030-01-02T03:04:05+02:00'))).toBe(
      'datetime.datetime(2030, 1, 2, 3, 4, 5, tzinfo=datetime.timezone(datetime.timedelta(seconds=7200)))',
    );
    expect(shown(new PlainDate(2030, 1, 2))).toBe('datetime.date(2030, 1, 2)');
    expect(shown(new PlainTime(3, 4))).toBe('datetime.time(3, 4)');
    expect(shown(new PlainTime(3, 4, 5, 6))).toBe('datetime.time(3, 4, 5, 6)');
  });

  test('lengths are counted in code points, and a pair is never cut apart', () => {
    expect(saferepr('😀'.repeat(10), 3)).toBe("'😀😀😀...'");
    expect(saferepr('😀'.repeat(10), 11)).toBe(`'${'😀'.repeat(10)}'`);
  });

  test('what contains itself is shown once', () => {
    const list: unknown[] = [1];
    list.push(list);
    expect(saferepr(list)).toBe('[1, <Recursion on list>]');
  });

  test('instances of classes are shown by their class alone, errors with their message', () => {
    class Order {
      readonly secret = 'x';
    }
    expect(saferepr([new Order(), new TypeError("it's")])).toBe("[<Order object>, TypeError('it\\'s')]");
    expect(saferepr(() => 1)).toBe('<function >');
    expect(saferepr(Symbol('s'))).toBe('Symbol(s)');
  });
});
