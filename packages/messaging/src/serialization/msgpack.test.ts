import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isHandled } from '../__fixtures__/is-handled.js';
import { DecodeError, EncodeError } from '../errors.js';
import { Decimal } from '../values/decimal.js';
import { isSameValue } from '../values/same-value.js';
import { createMsgpackSerializer } from './msgpack.js';

const msgpack = createMsgpackSerializer();
const hex = (value: unknown): string => Buffer.from(msgpack.encode(value)).toString('hex');
const read = (text: string): unknown => msgpack.decode(Buffer.from(text.replaceAll(' ', ''), 'hex'));

describe('[MS-178] msgpack', () => {
  test('goes under application/x-msgpack, binary', () => {
    expect(msgpack).toMatchObject({ name: 'msgpack', contentType: 'application/x-msgpack', contentEncoding: 'binary' });
  });

  // The right column is what Python's msgpack 1.1 writes: packb(value, use_bin_type=True).
  test.each<[unknown, string]>([
    [1, '01'],
    [2n ** 63n, 'cf8000000000000000'],
    [2n ** 64n - 1n, 'cfffffffffffffffff'],
    [-(2n ** 63n), 'd38000000000000000'],
    [1.5, 'cb3ff8000000000000'],
    [Buffer.from('x'), 'c40178'],
    ['s', 'a173'],
    [null, 'c0'],
    [[1, 2], '920102'],
    [{ a: 1 }, '81a16101'],
    [[true, false, -1], '93c3c2ff'],
  ])('writes what Python writes: %o', (value, expected) => {
    expect(hex(value)).toBe(expected);
    expect(isSameValue(read(hex(value)), value)).toBe(true);
  });

  test('writes numbers beyond 32 bits as integers, which Python tells from floats', () => {
    expect(hex([2 ** 40, -(2 ** 40)])).toBe('92d30000010000000000d3ffffff0000000000');
    expect(hex(2 ** 53)).toBe('cb4340000000000000');
  });

  test('writes small bigints as the integers they are, undefined as JSON does, toJSON included', () => {
    expect(hex([5n, undefined, { a: undefined, b: { toJSON: () => 'x' } }])).toBe('9305c081a162a178');
  });

  test('[MS-194] refuses what Kombu has no type for, naming the place', () => {
    const places: [unknown, RegExp][] = [
      [[[new Date()], {}, {}], /Cannot encode args\[0\] as msgpack: .*no type for a datetime/],
      [{ price: new Decimal('1') }, /price as msgpack: .*no type for a decimal/],
      [[new Map()], /\[0\] as msgpack: a Map/],
      [2n ** 64n, /no integers beyond 64 bits/],
      [{ f: () => 1 }, /f as msgpack: a function/],
    ];
    for (const [value, message] of places) {
      expect(() => msgpack.encode(value)).toThrow(EncodeError);
      expect(() => msgpack.encode(value)).toThrow(message);
    }
    const circular: unknown[] = [];
    circular.push(circular);
    expect(() => msgpack.encode(circular)).toThrow(/circular/);
  });

  test('reads 64-bit integers as numbers where that is exact, bytes as an array of their own', () => {
    expect(read('92 cf0000000000000005 cfffffffffffffffff')).toEqual([5, 2n ** 64n - 1n]);
    const source = new Uint8Array([0xc4, 1, 7]);
    const bytes = msgpack.decode(source) as Uint8Array;
    source[2] = 8;
    expect(bytes).toEqual(new Uint8Array([7]));
  });

  test('keeps __proto__ and constructor as keys like any others', () => {
    const value = JSON.parse('{"__proto__": {"polluted": 1}, "constructor": 2, "toJSON": 3}') as Record<
      string,
      unknown
    >;
    const again = msgpack.decode(msgpack.encode(value)) as Record<string, unknown>;
    expect(Object.getPrototypeOf(again)).toBe(Object.prototype);
    expect(JSON.stringify(again)).toBe(JSON.stringify(value));
    expect(again.polluted).toBeUndefined();
  });

  test.each([
    ['', 'nothing'],
    ['c1', 'the byte that is never used'],
    ['0101', 'two values'],
    ['92 01', 'an array cut short'],
    ['dd ffffffff', 'an array that claims four thousand million items'],
    ['df ffffffff', 'a map that claims as many'],
    ['db ffffffff 61', 'a text cut short'],
    ['a1 ff', 'a text that is not UTF-8'],
    ['d6 ff 00000005', 'a timestamp extension'],
    ['d4 72 40 91 a1 61', 'a record of msgpackr'],
    ['c7 03 78 92 a1 61', 'an extension of 3 bytes'],
    ['d4 00 00', 'an undefined of msgpackr'],
    ['81 81 01 02 03', 'a map as a key'],
  ])('[MS-194] is a DecodeError for %s: %s', (text) => {
    expect(() => read(text)).toThrow(DecodeError);
  });

  test('refuses nesting beyond 1000 levels', () => {
    expect(() => read(`${'91'.repeat(1000)}01`)).not.toThrow();
    expect(() => read(`${'91'.repeat(100_000)}01`)).toThrow(/1000 levels/);
  });

  test('says how to install msgpackr where it is missing', () => {
    const without = createMsgpackSerializer((name) => {
      throw Object.assign(new Error(`Cannot find module '${name}'\nRequire stack: …`), { code: 'MODULE_NOT_FOUND' });
    });
    expect(() => without.encode(1)).toThrow(/npm install msgpackr@\^2\.1\.3/);
    expect(() => without.decode(new Uint8Array([1]))).toThrow(/npm install msgpackr@\^2\.1\.3/);
  });

  test('reads back any value that it writes', () => {
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.string(),
        fc.boolean(),
        fc.constant(null),
        fc.double(),
        fc.maxSafeInteger(),
        fc.bigInt({ min: -(2n ** 63n), max: -(2n ** 53n) }),
        fc.uint8Array({ maxLength: 10 }),
        fc.array(tie('value'), { maxLength: 5 }),
        fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor')), tie('value'), { maxKeys: 5 }),
      ),
    }));
    fc.assert(fc.property(value, (given) => isSameValue(msgpack.decode(msgpack.encode(given)), given)));
  });

  test('reads random bytes or throws a DecodeError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        expect(isHandled(() => msgpack.decode(bytes))).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});
