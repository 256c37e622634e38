import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isHandled } from '../__fixtures__/is-handled.js';
import { DecodeError, EncodeError } from '../errors.js';
import { Decimal } from '../values/decimal.js';
import { isSameValue } from '../values/same-value.js';
import { Uuid } from '../values/uuid.js';
import { WireDate } from '../values/wire-date.js';
import { JsonReader } from './json-reader.js';
import { createJsonSerializer, jsonSerializer } from './json.js';

const { parse, stringify } = jsonSerializer;

function encodeError(value: unknown): EncodeError {
  try {
    stringify(value);
  } catch (error) {
    if (EncodeError.isInstance(error)) return error;
    throw error;
  }
  throw new Error('It was encoded.');
}

describe('JSON is written', () => {
  test('[MS-175] as UTF-8 under application/json', () => {
    expect(jsonSerializer).toMatchObject({ name: 'json', contentType: 'application/json', contentEncoding: 'utf-8' });
    expect(Buffer.from(jsonSerializer.encode(['é世😀'])).toString('latin1')).toBe(
      '["\xc3\xa9\xe4\xb8\x96\xf0\x9f\x98\x80"]',
    );
  });

  test.each([
    [new Date('2030-01-02T03:04:05.678Z'), '{"__type__":"datetime","__value__":"2030-01-02T03:04:05.678000+00:00"}'],
    [new Date('2030-01-02T03:04:05Z'), '{"__type__":"datetime","__value__":"2030-01-02T03:04:05+00:00"}'],
    [Buffer.from('abc'), '{"__type__":"bytes","__value__":"abc"}'],
    [new Uint8Array([255, 0]), '{"__type__":"base64","__value__":"/wA="}'],
    [2n ** 70n, '1180591620717411303424'],
    [5n, '5'],
    [Number.NaN, 'NaN'],
    [[Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY], '[Infinity,-Infinity]'],
    [-0, '-0.0'],
    [2 ** 53, '9007199254740992.0'],
    [1e22, '1e+22'],
    [undefined, 'null'],
    [[undefined, 1n], '[null,1]'],
    [{ a: undefined, b: 1n }, '{"b":1}'],
    [['\ud800', 1n], '["\\ud800",1]'],
    [new URL('http://a/'), '"http://a/"'],
    [
      { toJSON: (key: string) => [key, new Date(0)] },
      '["",{"__type__":"datetime","__value__":"1970-01-01T00:00:00+00:00"}]',
    ],
    [{ toJSON: 'a member' }, '{"toJSON":"a member"}'],
    [
      runInNewContext('({ a: [1n, new Date(0)] })'),
      '{"a":[1,{"__type__":"datetime","__value__":"1970-01-01T00:00:00+00:00"}]}',
    ],
    [Object.assign(Object.create(null) as object, { a: 1n }), '{"a":1}'],
  ])('[MS-183] [MS-186] for what it cannot hold: %o', (value: unknown, json) => {
    expect(stringify(value)).toBe(json);
  });

  test('[MS-185] with an error for each thing that would not arrive, naming the place and what to do', () => {
    class Order {
      id = 1;
    }
    const circular: Record<string, unknown> = {};
    circular.self = { again: circular };
    const places: [unknown, RegExp][] = [
      [[[{ items: new Map() }], {}, {}], /Cannot encode args\[0\]\.items as JSON: a Map: send Object\.fromEntries/],
      [[[], { tags: new Set() }, {}], /kwargs\.tags as JSON: a Set: send \[\.\.\.set\]/],
      [{ 'a b': [Symbol('s')] }, /\["a b"\]\[0\] as JSON: a symbol/],
      [{ run: () => 1 }, /run as JSON: a function \(run\)/],
      [[new Order()], /\[0\] as JSON: an instance of Order.*toJSON.*createJsonSerializer/],
      [[new TypeError('x')], /an error \(TypeError\): send its message/],
      [[Promise.resolve()], /a promise: await it/],
      [[new Float64Array(1)], /a Float64Array: send Array\.from/],
      [new ArrayBuffer(1), /the value itself as JSON: an ArrayBuffer/],
      [circular, /self\.again as JSON: the structure is circular/],
      [[new Date(Number.NaN)], /a Date without ISO text/],
      [[10n ** 4300n], /more than 4300 digits/],
    ];
    for (const [value, message] of places) expect(encodeError(value).message).toMatch(message);
    expect(encodeError([{ items: new Map() }]).details).toEqual({ path: [0, 'items'] });
  });

  test('with an EncodeError for getters and toJSON methods that throw', () => {
    const broken = {
      a: {
        get b(): number {
          throw new RangeError('no b');
        },
      },
    };
    expect(encodeError(broken).message).toMatch(/Cannot encode a\.b as JSON: no b/);
    expect(
      encodeError({
        toJSON: () => {
          throw new Error('no');
        },
      }).cause,
    ).toBeInstanceOf(Error);
  });

  test('with an error for what is nested too deep', () => {
    let deep: unknown = 1;
    for (let level = 0; level < 1001; level++) deep = [deep];
    expect(encodeError(deep).message).toMatch(/more than 1000 levels/);
    expect(stringify((deep as [unknown])[0])).toHaveLength(2001);
  });

  test('[MS-188] with an error for a plain object that receivers would take for a value of an unknown type', () => {
    expect(encodeError([{ __type__: 'nope', __value__: 1 }]).message).toMatch(/rename a key/);
    expect(stringify({ __type__: 'nope', __value__: 1, x: 1 })).toBe('{"__type__":"nope","__value__":1,"x":1}');
    expect(stringify({ __type__: 'decimal', __value__: '1' })).toBe('{"__type__":"decimal","__value__":"1"}');
  });
});

describe('JSON is read', () => {
  test.each<[string, unknown]>([
    ['9007199254740991', 2 ** 53 - 1],
    ['9007199254740993', 2n ** 53n + 1n],
    ['-9007199254740993', -(2n ** 53n) - 1n],
    ['[1e400, 1E22, 12345678901234567890.5]', [Number.POSITIVE_INFINITY, 1e22, 12345678901234567000]],
    [
      '[9007199254740993, {"a": "\\"x\\\\"}, [], {}, true, false, null, -1.5e-3]',
      [2n ** 53n + 1n, { a: '"x\\' }, [], {}, true, false, null, -0.0015],
    ],
    [' [ NaN , Infinity,-Infinity ] ', [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]],
    ['{"a": NaN, "b": {"c": Infinity}}', { a: Number.NaN, b: { c: Number.POSITIVE_INFINITY } }],
    ['1.0', 1],
    ['"\\ud800"', '\ud800'],
    ['"NaN and 12345678901234567890"', 'NaN and 12345678901234567890'],
  ])('exactly: %s', (text, value) => {
    expect(parse(text)).toEqual(value);
  });

  test.each([
    '',
    ' ',
    '[1,]',
    '[1 2]',
    '{"a":1,}',
    '{a:1}',
    '{"a" 1}',
    '01',
    '1.',
    '+1',
    '-',
    '-NaN',
    'nan',
    'NaN1',
    'Infinit',
    'tru',
    '"',
    '"\\',
    '"\t"',
    '"\\x"',
    '[',
    ']',
    '{"a"',
    '{"a":',
    '[NaN',
    '\ufeff1',
    '1 1',
    '[1}',
  ])('or is a DecodeError: %j', (text) => {
    expect(() => parse(text)).toThrow(DecodeError);
  });

  test('with a DecodeError for an integer that Python would refuse for its length', () => {
    expect(parse(`-${'9'.repeat(4300)}`)).toBe(-(10n ** 4300n) + 1n);
    expect(() => parse('9'.repeat(4301))).toThrow(/an integer of more than 4300 digits/);
    expect(() => parse('9'.repeat(10_000_000))).toThrow(DecodeError);
  });

  test('and bytes that are not UTF-8 are a DecodeError', () => {
    expect(() => jsonSerializer.decode(new Uint8Array([0x22, 0xff, 0x22]))).toThrow(/not valid UTF-8/);
  });

  test.each([
    ['{"__type__": "datetime", "__value__": "tomorrow"}', /a datetime .* cannot be read: Not an ISO 8601/],
    ['{"__type__": "datetime", "__value__": 5}', /a datetime .* cannot be read/],
    ['{"__type__": "uuid", "__value__": null}', /a uuid .* cannot be read/],
    ['{"__type__": "uuid", "__value__": {"hex": "12"}}', /Not a UUID/],
    ['{"__type__": "base64", "__value__": "_w8="}', /not standard base64/],
    ['{"__type__": "base64", "__value__": "/wA"}', /not standard base64/],
    ['{"__type__": "bytes", "__value__": "\\ud800"}', /surrogate/],
    ['{"__type__": "time", "__value__": "25:00"}', /Not a time|No such time/],
    ['{"__type__": "date", "__value__": "2030-02-30"}', /No such day/],
    ['{"__type__": "set", "__value__": [1]}', /unknown type "set".*createJsonSerializer/],
    ['{"__type__": ["x"], "__value__": 1}', /unknown type \["x"\]/],
    ['{"__value__": 1, "\\u005f_type__": "nope"}', /unknown type "nope"/],
  ])('[MS-188] with a DecodeError for %s', (text, message) => {
    expect(() => parse(text)).toThrow(DecodeError);
    expect(() => parse(text)).toThrow(message);
  });

  test('with __proto__ as a key like any other, on every path', () => {
    for (const rest of ['1', 'NaN', '{"__type__": "decimal", "__value__": "1"}', '9007199254740993']) {
      const value = parse(`{"__proto__": {"polluted": ${rest}}, "b": 1}`) as Record<string, unknown>;
      expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
      expect(Object.keys(value)).toEqual(['__proto__', 'b']);
      expect(value.polluted).toBeUndefined();
      expect(stringify(value)).toMatch(/^\{"__proto__":\{"polluted":.*\},"b":1\}$/);
    }
  });

  test('with nesting of up to 1000 levels, and a DecodeError beyond', () => {
    const nested = (levels: number, inner = ''): string => '['.repeat(levels) + inner + ']'.repeat(levels);
    for (const inner of ['', 'NaN']) {
      expect(() => parse(nested(1000, inner))).not.toThrow();
      expect(() => parse(nested(1001, inner))).toThrow(/1000 levels/);
      expect(() => parse(nested(1_000_000, inner))).toThrow(/1000 levels/);
    }
    expect(() => parse('{"a":'.repeat(100_000))).toThrow(DecodeError);
  });

  test('with wrapped values inside wrapped values, innermost first', () => {
    const json = createJsonSerializer({
      types: [{ name: 'pair', is: () => false, encode: () => null, decode: (wire) => [wire, wire] }],
    });
    expect(
      json.parse(
        '{"__type__": "pair", "__value__": {"__type__": "uuid", "__value__": {"hex": "12345678123442348234123456789012"}}}',
      ),
    ).toEqual([new Uuid('12345678-1234-4234-8234-123456789012'), new Uuid('12345678-1234-4234-8234-123456789012')]);
  });
});

describe('[MS-187] A registered type', () => {
  class Money {
    readonly cents: number;
    constructor(cents: number) {
      this.cents = cents;
    }
    toJSON(): string {
      return 'not this one';
    }
  }
  const json = createJsonSerializer({
    types: [
      {
        name: 'money',
        is: (value) => value instanceof Money,
        encode: (money: Money) => ({ cents: money.cents, at: new Date(0) }),
        decode: (wire) => new Money((wire as { cents: number }).cents),
      },
      { is: (value) => value instanceof Set, encode: (set: Set<unknown>) => [...set] },
      { name: 'decimal', is: () => false, encode: () => '', decode: (wire) => Number(wire) },
    ],
  });

  test('is written in its own form and read back', () => {
    const text = json.stringify([new Money(5)]);
    expect(text).toBe(
      '[{"__type__":"money","__value__":{"cents":5,"at":{"__type__":"datetime","__value__":"1970-01-01T00:00:00+00:00"}}}]',
    );
    expect(json.parse(text)).toEqual([new Money(5)]);
    expect(() => parse(text)).toThrow(/unknown type "money"/);
  });

  test('without a name is a plain transformation', () => {
    expect(json.stringify({ tags: new Set(['a', 1n]) })).toBe('{"tags":["a",1]}');
  });

  test('may read a built-in type in its own way', () => {
    expect(json.parse('{"__type__": "decimal", "__value__": "1.50"}')).toBe(1.5);
  });
});

describe('For any value', () => {
  const special = fc.oneof(
    fc.date({ noInvalidDate: true, min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z') }),
    fc.uint8Array({ maxLength: 20 }),
    fc.double(),
    fc.bigInt().map((value) => (value >= -(2n ** 53n) && value <= 2n ** 53n ? value * 2n ** 60n + 2n ** 54n : value)),
    fc.uuid().map((text) => new Uuid(text)),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => new Decimal(String(value))),
    fc
      .date({ noInvalidDate: true, min: new Date(0), max: new Date('9999-12-31T00:00:00Z') })
      .map((date) => new WireDate(date.toISOString().slice(0, -1))),
  );
  const tree = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 5 },
      fc.string({ unit: 'binary' }),
      fc.boolean(),
      fc.constant(null),
      fc.integer(),
      special,
      tie('list'),
      tie('record'),
    ),
    list: fc.array(tie('value'), { maxLength: 6 }),
    record: fc
      .dictionary(
        fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('__proto__', '__value__', 'constructor')),
        tie('value'),
        { maxKeys: 6 },
      )
      .map((record) => record as object),
  })).value;

  test('reading gives back what was written', () => {
    fc.assert(
      fc.property(tree, (value) => isSameValue(jsonSerializer.decode(jsonSerializer.encode(value)), value)),
      {
        numRuns: 500,
      },
    );
  });

  test('plain JSON is written and read as JSON.stringify and JSON.parse do', () => {
    const hasLargeInteger = (text: string): boolean => /\d{16}/.test(text);
    fc.assert(
      fc.property(fc.json({ depthSize: 'medium' }), (text) => {
        fc.pre(!hasLargeInteger(text) && !text.includes('-0'));
        expect(parse(text)).toEqual(JSON.parse(text));
        expect(stringify(parse(text))).toBe(JSON.stringify(JSON.parse(text)));
      }),
    );
  });

  const outcome = (read: () => unknown): unknown => {
    try {
      return { value: read() };
    } catch (error) {
      if (DecodeError.isInstance(error) || error instanceof SyntaxError) return 'refused';
      throw error;
    }
  };

  test('the exact reader takes and refuses the same texts as JSON.parse', () => {
    const pieces = fc.constantFrom(
      '[',
      ']',
      '{',
      '}',
      ',',
      ':',
      '"a"',
      '"',
      '1',
      '-',
      '.',
      'e5',
      ' ',
      '\n',
      'true',
      'null',
      '\\',
      '\u0001',
      'é',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
        const text = parts.join('');
        expect(outcome(() => new JsonReader(text).read())).toEqual(outcome(() => JSON.parse(text)));
      }),
      { numRuns: 2000 },
    );
  });

  test('random bytes are read or are a DecodeError', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 60 }),
          fc.string({ unit: 'binary' }).map((text) => Buffer.from(text)),
        ),
        (bytes) => {
          expect(isHandled(() => jsonSerializer.decode(bytes))).toBe(true);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
