import { Decimal, PlainDate, PlainTime, Uuid, WireDate } from '@ctq/messaging';

/** A value as Python's `repr` writes it, and as ctq has it. */
export type ValuePair = readonly [python: string, ctq: unknown];

/** Values of one kind, and the serializers of Kombu that carry it. */
export interface ValueKind {
  readonly title: string;
  readonly serializers: readonly string[];
  readonly values: readonly ValuePair[];
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

const everywhere = ['json', 'yaml', 'msgpack', 'pickle'];
const dated = ['json', 'yaml', 'pickle'];
/** In the typed form of Kombu's JSON, or as Python's own objects. */
const typed = ['json', 'pickle'];

export const valueKinds: readonly ValueKind[] = [
  {
    title: 'None, booleans',
    serializers: everywhere,
    values: [
      ['None', null],
      ['True', true],
      ['False', false],
    ],
  },
  {
    title: 'integers to 64 bits',
    serializers: everywhere,
    values: [
      ['0', 0],
      ['-1', -1],
      ['9007199254740991', Number.MAX_SAFE_INTEGER],
      ['-9223372036854775808', -(2n ** 63n)],
      ['18446744073709551615', 2n ** 64n - 1n],
    ],
  },
  { title: 'integers of any size', serializers: dated, values: [['1180591620717411303424', 2n ** 70n]] },
  {
    title: 'floats',
    serializers: everywhere,
    values: [
      ['0.1', 0.1],
      ['1e+100', 1e100],
    ],
  },
  {
    title: 'NaN, infinities',
    serializers: everywhere,
    values: [
      ['nan', Number.NaN],
      ['inf', Number.POSITIVE_INFINITY],
      ['-inf', Number.NEGATIVE_INFINITY],
    ],
  },
  {
    title: 'text in any script',
    serializers: everywhere,
    values: [
      ["''", ''],
      ["'é世😀'", 'é世😀'],
      ["'\\x7f\\x00\\x1f/\"'", '\x7f\x00\x1f/"'],
      [`'${'ab'.repeat(5_000)}'`, 'ab'.repeat(5_000)],
      // What YAML and readers may take for something else, and does not survive in a line, or at all, unless it is quoted.
      [
        "['yes', 'null', '~', '1', '1e5', '1:30', '0x1f', '2030-01-02', '=', '<<', '- a', 'a: b # c', '&a', '*a', '!b', '%c']",
        [
          'yes',
          'null',
          '~',
          '1',
          '1e5',
          '1:30',
          '0x1f',
          '2030-01-02',
          '=',
          '<<',
          '- a',
          'a: b # c',
          '&a',
          '*a',
          '!b',
          '%c',
        ],
      ],
      ["' a\\n\\n b\\t\\x85\\u2028\\ufeff\\ufffe '", ' a\n\n b\t\x85\u2028\ufeff\ufffe '],
    ],
  },
  {
    title: 'bytes',
    serializers: everywhere,
    values: [
      ["b''", bytes('')],
      ["b'abc'", bytes('abc')],
      ["b'\\xff\\x00'", new Uint8Array([255, 0])],
    ],
  },
  {
    title: 'lists, objects',
    serializers: everywhere,
    values: [
      ['[]', []],
      ['{}', {}],
      // In the order in which PyYAML writes keys.
      ["{'': [[], {}], 'a': [1, {'b': None}]}", { '': [[], {}], a: [1, { b: null }] }],
      [`{'${'k'.repeat(1_500)}': 1}`, { ['k'.repeat(1_500)]: 1 }],
    ],
  },
  {
    title: 'datetime, naive and aware',
    serializers: dated,
    values: [
      ['datetime.datetime(2030, 1, 2, 3, 4, 5, 678901)', new WireDate('2030-01-02T03:04:05.678901')],
      ['datetime.datetime(2030, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)', new Date('2030-01-02T03:04:05Z')],
      [
        'datetime.datetime(2030, 1, 2, 3, 4, 5, tzinfo=datetime.timezone(datetime.timedelta(days=-1, seconds=73800)))',
        new WireDate('2030-01-02T03:04:05-03:30'),
      ],
    ],
  },
  { title: 'date', serializers: dated, values: [['datetime.date(2030, 1, 2)', new PlainDate(2030, 1, 2)]] },
  { title: 'time', serializers: typed, values: [['datetime.time(3, 4, 5, 6)', new PlainTime(3, 4, 5, 6)]] },
  { title: 'Decimal', serializers: typed, values: [["Decimal('1.10')", new Decimal('1.10')]] },
  {
    title: 'UUID',
    serializers: typed,
    values: [
      ["UUID('12345678-1234-4234-8234-123456789012')", new Uuid('12345678-1234-4234-8234-123456789012')],
      [
        "[{'at': datetime.date(2030, 1, 2), 'price': [Decimal('0.30'), b'\\xff']}]",
        [{ at: new PlainDate(2030, 1, 2), price: [new Decimal('0.30'), new Uint8Array([255])] }],
      ],
    ],
  },
];

/** All that a serializer carries. */
export function valuesIn(serializer: string): readonly ValuePair[] {
  return valueKinds.flatMap(({ serializers, values }) => (serializers.includes(serializer) ? values : []));
}

/** What only pickles carry, and ctq reads as something near. */
export const pickleValues: readonly ValuePair[] = [
  ['(1, (2, ()))', [1, [2, []]]],
  ["{'a'}", new Set(['a'])],
  ['frozenset({1})', new Set([1])],
  ["bytearray(b'\\xff')", new Uint8Array([255])],
  ["{1: 'a', None: 'b', 1.5: 'c'}", { 1: 'a', null: 'b', 1.5: 'c' }],
];
