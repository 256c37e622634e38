import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isHandled } from '../__fixtures__/is-handled.js';
import { BodyTooLargeError, DecodeError, EncodeError } from '../errors.js';
import { Decimal } from '../values/decimal.js';
import { PlainDate } from '../values/plain-date.js';
import { PlainTime } from '../values/plain-time.js';
import { isSameValue } from '../values/same-value.js';
import { Uuid } from '../values/uuid.js';
import { WireDate } from '../values/wire-date.js';
import { jsonSerializer } from './json.js';
import { createYamlSerializer } from './yaml.js';

interface Captured {
  readonly text: string;
  /** The value, as Kombu writes it in JSON; absent where PyYAML raised. */
  readonly json?: string;
}

/** Made by `make-yaml.py`. */
const captured = JSON.parse(readFileSync(new URL('__fixtures__/yaml.json', import.meta.url), 'utf8')) as Readonly<
  Record<'dumped' | 'read', readonly Captured[]>
>;

const yaml = createYamlSerializer();
const write = (value: unknown): string => Buffer.from(yaml.encode(value)).toString();
const read = (text: string): unknown => yaml.decode(Buffer.from(text));

describe('[MS-176] YAML', () => {
  test('goes under application/x-yaml, utf-8', () => {
    expect(yaml).toMatchObject({ name: 'yaml', contentType: 'application/x-yaml', contentEncoding: 'utf-8' });
  });

  test.each(captured.dumped.map(({ text, json = '' }) => [text.slice(0, 60), text, json]))(
    'of PyYAML is read as the value that was dumped: %j',
    (_, text, json) => {
      expect(isSameValue(read(text), jsonSerializer.parse(json))).toBe(true);
    },
  );

  test.each(captured.read.flatMap(({ text, json }) => (json === undefined ? [] : [[text, json]])))(
    'that people write is read as PyYAML reads it: %j, %s',
    (text, json) => {
      expect(isSameValue(read(text), jsonSerializer.parse(json))).toBe(true);
    },
  );

  test.each(captured.read.filter(({ json }) => json === undefined))(
    'that PyYAML refuses is a DecodeError: $text',
    ({ text }) => {
      expect(() => read(text)).toThrow(DecodeError);
    },
  );

  test('is null where there is nothing', () => {
    expect(read('')).toBeNull();
    expect(read('# nothing')).toBeNull();
  });

  test('has Python sets', () => {
    expect(read('!!set {a: null, 1: null}')).toEqual(new Set(['a', 1]));
    expect(() => yaml.encode(new Set())).toThrow(/send \[\.\.\.set\]/);
  });

  test('is written so that no text can be taken for something else', () => {
    expect(write(['yes', '1', '2030-01-02', '=', 'a\u0085\u2028b'])).toBe(
      String.raw`["yes", "1", "2030-01-02", "=", "a\u0085\u2028b"]`,
    );
  });

  test.each<[unknown, string]>([
    [1e100, '1.0e+100'],
    [1e-7, '1.0e-7'],
    [1.5e300, '1.5e+300'],
    [2 ** 60, '1152921504606847000.0'],
    [2n ** 64n, '18446744073709551616'],
    [-0, '-0.0'],
    [Number.NaN, '.nan'],
    [-Infinity, '-.inf'],
    [undefined, 'null'],
    [{ a: undefined, b: { toJSON: () => 'x' } }, '{"b": "x"}'],
    [new Uint8Array([255, 0]), '!!binary "/wA="'],
    [new Date('2030-01-02T03:04:05.678Z'), '2030-01-02 03:04:05.678000+00:00'],
    [new WireDate('2030-01-02T03:04:05.678901-0330'), '2030-01-02 03:04:05.678901-03:30'],
    [new WireDate('2030-01-02'), '2030-01-02 00:00:00'],
    [new PlainDate(2030, 1, 2), '2030-01-02'],
    [{ ['k'.repeat(1000)]: 1 }, `{? "${'k'.repeat(1000)}" : 1}`],
  ])('writes %o in the form that PyYAML recognises', (value, expected) => {
    expect(write(value)).toBe(expected);
  });

  test('[MS-194] refuses what Kombu has no form for, naming the place', () => {
    const circular: unknown[] = [];
    circular.push(circular);
    const places: [unknown, RegExp][] = [
      [[[new Decimal('1')], {}, {}], /Cannot encode args\[0\] as YAML: .*no type for a decimal/],
      [{ id: new Uuid('0'.repeat(32)) }, /id as YAML: .*no type for a uuid/],
      [[new PlainTime(1, 2)], /\[0\] as YAML: .*no type for a time/],
      [{ at: new Date(Number.NaN) }, /at as YAML: .*date/],
      [[new WireDate('2030-01-02T03:04:05+00:00:01')], /no form for the offset/],
      [[new Map()], /\[0\] as YAML: a Map/],
      [10n ** 5000n, /more than 4300 digits/],
      [circular, /circular/],
    ];
    for (const [value, message] of places) {
      expect(() => yaml.encode(value)).toThrow(EncodeError);
      expect(() => yaml.encode(value)).toThrow(message);
    }
  });

  test('keeps __proto__ and constructor as keys like any others', () => {
    const value = read('{__proto__: {polluted: 1}, constructor: 2, <<: {__proto__: 3, a: 4}}') as Record<
      string,
      unknown
    >;
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(Object.keys(value)).toEqual(['__proto__', 'constructor', 'a']);
    expect(value.polluted).toBeUndefined();
  });

  test('refuses references that would make little text a lot of data, or data without an end', () => {
    const laughs = Array.from({ length: 30 }, (_, level) => `&a${level + 1} [${`*a${level}, `.repeat(9)}]`);
    expect(() => read(`[&a0 [x], ${laughs.join(', ')}]`)).toThrow(/makes it too large/);
    expect(() => read('&a {b: [*a]}')).toThrow(/circular/);
    const deep = Array.from({ length: 1200 }, (_, level) => `&d${level + 1} [*d${level}]`);
    expect(() => read(`[&d0 [x], ${deep.join(', ')}]`)).toThrow(/1000 levels/);
    const merges = Array.from({ length: 300 }, (_, n) => `k${n}: 1`).join(', ');
    expect(() => read(`[&m {${merges}}, ${'{<<: *m}, '.repeat(100)}]`)).toThrow(DecodeError);
  });

  test('refuses nesting beyond 1000 levels, and what is too large for a reader', () => {
    expect(() => read(`${'['.repeat(900)}${']'.repeat(900)}`)).not.toThrow();
    for (const open of ['[', '{a: ', '- ', '? ']) expect(() => read(open.repeat(100_000))).toThrow(DecodeError);
    const large = 'x'.repeat(4 * 1024 * 1024 + 1);
    expect(() => read(large)).toThrow(BodyTooLargeError);
    expect(() => yaml.encode(large)).toThrow(/Use json or msgpack/);
  });

  test.each([
    ['\xff', 'bytes that are not UTF-8'],
    ['!!binary "a"', 'bytes that are not base64'],
    ['0000-01-01', 'a year that there is not'],
  ])('[MS-194] is a DecodeError for %j: %s', (text) => {
    expect(() => yaml.decode(Buffer.from(text, 'latin1'))).toThrow(DecodeError);
  });

  test('[MS-194] is a DecodeError for an integer of 5000 digits', () => {
    expect(() => read('1'.repeat(5000))).toThrow(DecodeError);
  });

  test('is written without js-yaml, and says how to install it where it is to be read', () => {
    const without = createYamlSerializer((name) => {
      throw Object.assign(new Error(`Cannot find module '${name}'\nRequire stack: …`), { code: 'MODULE_NOT_FOUND' });
    });
    expect(Buffer.from(without.encode({ a: 1 })).toString()).toBe('{"a": 1}');
    expect(() => without.decode(Buffer.from('a'))).toThrow(DecodeError);
    expect(() => without.decode(Buffer.from('a'))).toThrow(/Run: npm install js-yaml@\^5\.5\.0/);
  });

  test('reads back any value that it writes', () => {
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.string({ unit: 'binary' }),
        fc.boolean(),
        fc.constant(null),
        fc.double(),
        fc.maxSafeInteger(),
        fc.bigInt({ min: 2n ** 53n, max: 2n ** 80n }),
        fc.uint8Array({ maxLength: 10 }),
        fc.date({ noInvalidDate: true, min: new Date('0001-01-01'), max: new Date('9999-12-31') }),
        fc.array(tie('value'), { maxLength: 5 }),
        fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', '<<')), tie('value'), {
          maxKeys: 5,
        }),
      ),
    }));
    fc.assert(
      fc.property(value, (given) => isSameValue(yaml.decode(yaml.encode(given)), given)),
      { seed: 1 },
    );
  });

  test('reads any text or throws a DecodeError', () => {
    const parts = fc.constantFrom(
      ...Array.from('[]{}:,-?&*!|>%@`\'"#<=~ \n\t'),
      ' a',
      '!!set ',
      '!!binary ',
      '!!int ',
      '<<: ',
      '&a ',
      '*a',
      '1',
      '.',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(parts, { maxLength: 30 }).map((all) => all.join('')),
        ),
        (text) => {
          expect(isHandled(() => read(text))).toBe(true);
        },
      ),
      { seed: 1, numRuns: 2000 },
    );
  });
});
