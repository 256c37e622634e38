import { loadVectors } from '@ctq/wire-vectors';
import { describe, expect, test } from 'vitest';
import { DecodeError, EncodeError } from '../errors.js';
import { Decimal } from '../values/decimal.js';
import { PlainDate } from '../values/plain-date.js';
import { PlainTime } from '../values/plain-time.js';
import { isSameValue } from '../values/same-value.js';
import { Uuid } from '../values/uuid.js';
import { WireDate } from '../values/wire-date.js';
import { jsonSerializer } from './json.js';

interface Row {
  readonly python_repr?: string;
  readonly json?: string;
  readonly json_in?: string;
  readonly loads_back_as?: string;
  readonly loads_as?: string;
  readonly error?: string;
}

const rows = (loadVectors('json_types')[0]?.raw ?? []) as unknown as readonly Row[];

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** What Python shows, as the value that ctq has for it. */
const values = new Map<string, unknown>([
  ["b'abc'", text('abc')],
  ["b'\\xff\\x00'", new Uint8Array([255, 0])],
  ['datetime.datetime(2030, 1, 2, 3, 4, 5, 678901)', new WireDate('2030-01-02T03:04:05.678901')],
  ['datetime.datetime(2030, 1, 2, 3, 4, 5)', new WireDate('2030-01-02T03:04:05')],
  ['datetime.datetime(2030, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)', new Date('2030-01-02T03:04:05Z')],
  [
    'datetime.datetime(2030, 1, 2, 3, 4, 5, tzinfo=datetime.timezone(datetime.timedelta(days=-1, seconds=73800)))',
    new WireDate('2030-01-02T03:04:05-03:30'),
  ],
  ['datetime.date(2030, 1, 2)', new PlainDate(2030, 1, 2)],
  ['datetime.time(3, 4, 5)', new PlainTime(3, 4, 5)],
  ['datetime.time(3, 4, 5, 6)', new PlainTime(3, 4, 5, 6)],
  ["Decimal('1.10')", new Decimal('1.10')],
  ["Decimal('1.50')", new Decimal('1.50')],
  ["Decimal('NaN')", new Decimal('NaN')],
  ["UUID('12345678-1234-4234-8234-123456789012')", new Uuid('12345678-1234-4234-8234-123456789012')],
  ['(1, 2)', [1, 2]],
  ['[1, 2]', [1, 2]],
  ["{'a': (1, b'x')}", { a: [1, text('x')] }],
  ["{'a': [1, b'x']}", { a: [1, text('x')] }],
  ["'é世😀'", 'é世😀'],
  ["'\\u2028'", '\u2028'],
  ['1e+100', 1e100],
  ['1.0', 1],
  ['-0.0', -0],
  ['1e-07', 1e-7],
  ['123456789.12345679', 123456789.12345679],
  ['1180591620717411303424', 1180591620717411303424n],
  ['nan', Number.NaN],
  ['inf', Number.POSITIVE_INFINITY],
  ["{1: 'c', None: 'b', 1.5: 'd'}", { 1: 'c', null: 'b', 1.5: 'd' }],
  ["{'1': 'c', 'null': 'b', '1.5': 'd'}", { 1: 'c', null: 'b', 1.5: 'd' }],
  ["'\\x7f\\x00\\x1f/'", '\x7f\x00\x1f/'],
  ["{'__type__': 'bytes', '__value__': 'abc', 'x': 1}", { __type__: 'bytes', __value__: 'abc', x: 1 }],
]);

/** Nearest things to what Python refuses to encode. */
const refused = new Map<string, unknown>([
  ['{1, 2}', new Set([1, 2])],
  ['<object>', new (class Thing {})()],
]);

/** Python's spacing, escapes, key order and float texts carry no meaning: both sides must read them alike. */
const tokens = (json: string): unknown =>
  JSON.parse(
    json.replaceAll(/(?<=^|[\s:[,])(-?Infinity|NaN|-?\d[\d.eE+-]*)(?=$|[\s,\]}])/g, (word) =>
      JSON.stringify(canonical(word)),
    ),
  );

const canonical = (word: string): string =>
  /^-?\d+$/.test(word) ? `int ${word}` : `float ${word === 'NaN' || word.endsWith('Infinity') ? word : Number(word)}`;

function value(shown: string | undefined): unknown {
  if (shown === undefined || !values.has(shown)) throw new Error(`No value for ${shown}`);
  return values.get(shown);
}

test('Every row is read below, as one of its kinds, but for types that JavaScript does not have', () => {
  expect(rows.length).toBeGreaterThan(35);
  const kindsOf = ({ json, json_in: given, loads_as: read, error, python_repr: shown = '' }: Row) => [
    json !== undefined,
    given !== undefined && read !== undefined,
    given !== undefined && error !== undefined,
    given === undefined && error !== undefined && refused.has(shown),
  ];
  const others = rows.filter((row) => kindsOf(row).filter(Boolean).length !== 1);
  expect(others.map(({ python_repr: shown }) => shown)).toEqual(['datetime.timedelta(days=1)', '1j']);
});

describe('[MS-183] [MS-184] [MS-185] What Kombu wrote', () => {
  test.each(rows.filter((row) => row.json !== undefined))('$json is read as $loads_back_as', (row) => {
    expect(isSameValue(jsonSerializer.parse(row.json ?? ''), value(row.loads_back_as))).toBe(true);
  });

  test.each(rows.filter((row) => row.json !== undefined))('$python_repr is written as $json', (row) => {
    const written = jsonSerializer.stringify(value(row.python_repr));
    // JavaScript does not tell the float 1.0 from the integer 1.
    expect(tokens(written)).toEqual(tokens(row.python_repr === '1.0' ? '1' : (row.json ?? '')));
  });

  test.each(rows.filter((row) => row.json !== undefined))('$json is written again as it was read', (row) => {
    const again = jsonSerializer.stringify(jsonSerializer.parse(row.json ?? ''));
    expect(tokens(again)).toEqual(tokens(row.python_repr === '1.0' ? '1' : (row.json ?? '')));
  });

  test.each(rows.filter((row) => row.loads_as !== undefined))('$json_in is read as $loads_as', (row) => {
    expect(isSameValue(jsonSerializer.parse(row.json_in ?? ''), value(row.loads_as))).toBe(true);
  });
});

test.each(rows.filter((row) => row.json_in !== undefined && row.error !== undefined))(
  '[MS-188] [MS-194] $json_in is refused, as by Kombu',
  (row) => {
    expect(() => jsonSerializer.parse(row.json_in ?? '')).toThrow(DecodeError);
  },
);

test.each(rows.filter((row) => row.python_repr !== undefined && refused.has(row.python_repr)))(
  '[MS-185] [MS-194] $python_repr cannot be written, as by Kombu',
  (row) => {
    expect(() => jsonSerializer.stringify(refused.get(row.python_repr ?? ''))).toThrow(EncodeError);
  },
);
