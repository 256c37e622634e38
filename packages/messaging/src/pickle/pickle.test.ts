import { readFileSync } from 'node:fs';
import { ConfigurationError } from '@ctq/runtime';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isHandled } from '../__fixtures__/is-handled.js';
import { ContentNotAcceptedError, DecodeError, EncodeError } from '../errors.js';
import { createContentCodec } from '../serialization/content-codec.js';
import { jsonSerializer } from '../serialization/json.js';
import { PlainDate } from '../values/plain-date.js';
import { isSameValue } from '../values/same-value.js';
import { Uuid } from '../values/uuid.js';
import { createPickleReader } from './pickle.js';

interface Captured {
  readonly protocols: readonly string[];
}

/** Made by `make-pickles.py`. */
const captured = JSON.parse(readFileSync(new URL('__fixtures__/pickles.json', import.meta.url), 'utf8')) as {
  /** With the value as Kombu writes it in JSON, where it can. */
  readonly pickles: readonly (Captured & { readonly repr: string; readonly json: string | null })[];
  readonly hostile: readonly (Captured & { readonly what: string })[];
};

const five = new Uuid('00000000-0000-0000-0000-000000000005');
/** What JSON has no form for. */
const beyondJson: Readonly<Record<string, unknown>> = {
  "bytearray(b'')": new Uint8Array(),
  "bytearray(b'\\xff\\x00')": new Uint8Array([255, 0]),
  'set()': new Set(),
  '{1}': new Set([1]),
  'frozenset()': new Set(),
  "frozenset({'a'})": new Set(['a']),
  "{UUID('00000000-0000-0000-0000-000000000005'): datetime.date(2030, 1, 2)}": {
    [five.text]: new PlainDate(2030, 1, 2),
  },
};

const pickle = createPickleReader();
const decode = (base64: string): unknown => pickle.decode(Buffer.from(base64, 'base64'));
/** A pickle written by hand: texts are their Latin-1 bytes. */
const read = (...parts: readonly (string | number | Uint8Array)[]): unknown =>
  pickle.decode(
    Buffer.concat(
      parts.map((part) =>
        typeof part === 'number' ? Buffer.from([part]) : typeof part === 'string' ? Buffer.from(part, 'latin1') : part,
      ),
    ),
  );

describe('[MS-177] Pickles', () => {
  const message = { contentType: 'application/x-python-serialize', contentEncoding: 'binary', headers: {} };
  const one = Buffer.from(captured.pickles[4]?.protocols[4] ?? '', 'base64');

  test('are refused undecoded, and the name is explained, unless an app has the reader and accepts them', () => {
    const content = { ...message, body: one };
    expect(() => createContentCodec().decode(content)).toThrow(ContentNotAcceptedError);
    expect(() => createContentCodec({ serializers: [pickle] }).decode(content)).toThrow(/Add pickle to `accept`/);
    expect(() => createContentCodec({ accept: ['pickle'] })).toThrow(ConfigurationError);
    expect(() => createContentCodec({ accept: ['pickle'] })).toThrow(
      /createPickleReader\(\) of '@ctq\/messaging\/pickle'/,
    );
    expect(createContentCodec({ serializers: [pickle], accept: ['pickle'] }).decode(content)).toBe(1);
  });

  test('are not written', () => {
    const codec = createContentCodec({ serializers: [pickle], accept: ['pickle'] });
    for (const one of [codec, createContentCodec()]) {
      expect(() => one.encode(1, { serializer: 'pickle' })).toThrow(EncodeError);
      expect(() => one.encode(1, { serializer: 'pickle' })).toThrow(/pickles|Pickles are refused/);
    }
  });

  test.each(
    captured.pickles.flatMap((one) => (one.json === null ? [] : [[one.repr.slice(0, 70), one.json, one] as const])),
  )('of Python, in all protocols, are the value %s', (_, json, { protocols }) => {
    expect(protocols).toHaveLength(6);
    for (const written of protocols) expect(isSameValue(decode(written), jsonSerializer.parse(json))).toBe(true);
  });

  test('of what JSON has no form for are sets, bytes and texts as keys', () => {
    const others = captured.pickles.filter(({ json }) => json === null);
    expect(others.map(({ repr }) => repr).toSorted()).toEqual(Object.keys(beyondJson).toSorted());
    for (const { repr, protocols } of others) {
      for (const written of protocols) expect(decode(written)).toStrictEqual(beyondJson[repr]);
    }
  });

  test.each(captured.hostile.map(({ what, protocols }) => [what, protocols] as const))(
    '[MS-194] of %s are a DecodeError in all protocols',
    (_, protocols) => {
      for (const written of protocols) expect(() => decode(written)).toThrow(DecodeError);
    },
  );

  test('share what is shared in them, and own their bytes', () => {
    const [shared] = captured.pickles
      .filter(({ repr }) => repr === '[[1], [1]]')
      .map(({ protocols }) => decode(protocols[4] ?? ''));
    expect((shared as readonly unknown[])[0]).toBe((shared as readonly unknown[])[1]);
    const source = Buffer.from([0x43, 1, 7, 0x2e]);
    const bytes = pickle.decode(source);
    source[2] = 8;
    expect(bytes).toStrictEqual(new Uint8Array([7]));
  });

  test('of Python 2 are read where their texts are ASCII', () => {
    expect(read("(S'a\\x41\\n\\''\np0\nU\x01bT\x01\0\0\0cI01\nI00\nL5L\nt.")).toEqual([
      "aA\n'",
      'b',
      'c',
      true,
      false,
      5,
    ]);
    for (const text of ["S'\\xe9'\n.", 'U\x01\xe9.', "S'\\q'\n.", "S'a\n.", 'Sa\n.'])
      expect(() => read(text)).toThrow(DecodeError);
  });
});

describe('[MS-194] A hostile pickle is a DecodeError:', () => {
  const system = 'cposix\nsystem\n';
  test.each<[string, ...(string | number | Uint8Array)[]]>([
    ['a call of the shell', `${system}(S'true'\ntR.`],
    [
      'a call of the shell by the newer instruction',
      0x8c,
      5,
      'posix',
      0x8c,
      6,
      'system',
      0x93,
      '(',
      0x8c,
      4,
      'true',
      'tR.',
    ],
    ['a name that is built from what was read', "S'posix'\np0\n0g0\nS'system'\n", 0x93, '.'],
    ['a name alone', system, '.'],
    ['a class of data alone', 'cdecimal\nDecimal\n.'],
    ['a class of data inside', '(cdecimal\nDecimal\nl.'],
    ['a member of every object', 'c__builtin__\nobject.__subclasses__\n)R.'],
    ['a key of Object.prototype', 'c\nconstructor\n)R.'],
    ['an instance', '(iposix\nsystem\n.'],
    ['an object', `(${system}o.`],
    ['a new object', `${system})`, 0x81, '.'],
    ['a new object with keywords', `${system})}`, 0x92, '.'],
    ['a new Decimal', 'cdecimal\nDecimal\n)', 0x81, '.'],
    ['a reconstructed set', 'ccopy_reg\n_reconstructor\n(c__builtin__\nset\nc__builtin__\nobject\nNtR.'],
    ['the state of a dict', '}}b.'],
    ['the state of a class', 'cuuid\nUUID\n}b.'],
    ['a UUID without its number', 'cuuid\nUUID\n)', 0x81, '.'],
    ['a UUID with a number that is too large', 'cuuid\nUUID\n)', 0x81, "}S'int'\nL", '9'.repeat(40), 'L\nsb.'],
    ['a call of a text', "S'a'\n)R."],
    ['a call with a dict', 'c__builtin__\nset\n}R.'],
    ['bytes of a length', 'c__builtin__\nbytearray\n(I1000000000\ntR.'],
    ['a set of a text', "c__builtin__\nset\n(S'abc'\ntR."],
    ['another encoding', "c_codecs\nencode\n(S'aGk='\nS'base64'\ntR."],
    ['a date of a number', 'cdatetime\ndatetime\n(I2030\nI1\nI1\ntR.'],
    ['a date that there is not', 'cdatetime\ndate\n(C\x04\x07\xee\x0d\x01tR.'],
    ['a zone that is none', 'cdatetime\ntime\n(C\x06\0\0\0\0\0\0NtR.'.replace('N', '}')],
    ['a persistent id', 'Pid\n.'],
    ['a persistent id of a value', 'NQ.'],
    ['extensions', 0x82, 1, '.'],
    ['an extension of two bytes', 0x83, 1, 0, '.'],
    ['an extension of four bytes', 0x84, 1, 0, 0, 0, '.'],
    ['a buffer beside it', 0x97, '.'],
    ['a protocol of the future', 0x80, 6, 'N.'],
    ['an instruction that is none', 0xff],
    ['nothing', ''],
    ['no value', '.'],
    ['two values', 'NN.'],
    ['a collection that does not end', '(N.'],
    ['a value taken from outside of its collection', 'N(0.'],
    ['a memory that there is not', 'h\x01.'],
    ['what follows its end', 'N.N'],
    ['items for a dict', '}Na.'],
    ['members for a list', '](NNu.'],
    ['a dict with a key and no value', '}(Nu.'],
    ['members for something that is no set', '](N', 0x90, '.'],
    ['bytes as a key', '}C\x01aNs.'],
    ['a list as a key', '}]Ns.'],
    ['a text cut short', 'X\xff\xff\xff\xffa'],
    ['bytes of 2^63', 0x8e, Buffer.alloc(8, 0x7f), 'a.'],
    ['a text that is not UTF-8', 0x8c, 1, '\xff.'],
    ['half of a pair of surrogates', 0x8c, 3, '\xed\xa0\x80.'],
    ['an escape beyond Unicode', 'V\\Uffffffff\n.'],
    ['an integer of 2000 bytes', 0x8b, Buffer.from([0xd0, 7, 0, 0]), Buffer.alloc(2000, 1), '.'],
    ['an integer of 5000 digits', 'L', '1'.repeat(5000), 'L\n.'],
    ['an integer that is none', 'Iabc\n.'],
    ['a float that is none', 'F0x1\n.'],
    ['a circular dict', "}q\0S'a'\nh\0s."],
    ['a set that is its own member', 0x8f, 'q\0(h\0', 0x90, '.'],
    ['nesting of 100,000 levels', '('.repeat(100_000), 't'.repeat(100_000), '.'],
    ['lists in lists in lists', ']'.repeat(100_000), 'a'.repeat(99_999), '.'],
  ])('%s', (_, ...parts) => {
    expect(() => read(...parts)).toThrow(DecodeError);
  });

  test('a name that is refused is told, and nothing of it is looked up', () => {
    expect(() => read(`${system}(S'true'\ntR.`)).toThrow(
      /it names "posix\.system", which is not among the types of data/,
    );
  });

  test('keys called __proto__ are keys like any others', () => {
    const value = read("}S'__proto__'\n}S'polluted'\nI1\nss.") as Record<string, unknown>;
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(Object.keys(value)).toEqual(['__proto__']);
    expect(value.polluted).toBeUndefined();
  });

  test('what would be large once it is written out', () => {
    // Ten of the one before, thirty times.
    const tenfold = Array.from(
      { length: 30 },
      (_, depth) => `q${String.fromCharCode(depth)}0(${`h${String.fromCharCode(depth)}`.repeat(10)}t`,
    );
    expect(() => read('(I1\nt', tenfold.join(''), '.')).toThrow(/makes it too large/);
  });

  test.each([
    ['millions of empty sets', Buffer.concat([Buffer.from('('), Buffer.alloc(4_000_000, 0x8f), Buffer.from('t.')])],
    [
      'millions of empty bytes',
      Buffer.concat([Buffer.from('('), Buffer.from('C\0'.repeat(2_000_000)), Buffer.from('t.')]),
    ],
    [
      'a large list that is copied again and again',
      Buffer.concat([
        Buffer.from('(('),
        Buffer.alloc(100_000, 'N'),
        Buffer.from('lp0\n0c__builtin__\nset\np1\n0'),
        Buffer.from('h\x01(h\0tR'.repeat(50_000)),
        Buffer.from('t.'),
      ]),
    ],
    [
      'a large text that is made bytes again and again',
      Buffer.concat([
        Buffer.from('(V'),
        Buffer.alloc(100_000, 'a'),
        Buffer.from('\np0\n0c_codecs\nencode\np1\n0'),
        Buffer.from("h\x01(h\0S'latin1'\ntR".repeat(50_000)),
        Buffer.from('t.'),
      ]),
    ],
  ])('%s, before it fills the memory', (_, bytes) => {
    const before = process.memoryUsage().rss;
    expect(() => pickle.decode(bytes)).toThrow(/it makes more/);
    expect(process.memoryUsage().rss - before).toBeLessThan(1024 * 1024 * 1024);
  });

  test('random instructions, and honest pickles with changed bytes, are read or a DecodeError', () => {
    const samples = [...captured.pickles, ...captured.hostile].flatMap(({ protocols }) =>
      protocols.map((written) => Buffer.from(written, 'base64')),
    );
    const changed = fc
      .tuple(
        fc.constantFrom(...samples),
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 4 }),
        fc.nat(),
      )
      .map(([sample, changes, cut]) => {
        const bytes = new Uint8Array(sample);
        for (const [place, byte] of changes) bytes[place % bytes.length] = byte;
        return cut % 3 === 0 ? bytes.subarray(0, cut % bytes.length) : bytes;
      });
    const instructions = fc.constantFrom(
      ...'(]})tl2N0ae.su'.split(''),
      ...['\x85', '\x86', '\x8f', '\x90', '\x91', '\x94', 'h\0', 'q\0', 'K\x05', 'U\x01a', 'R', 'b', '\x81', '\x93'],
      ...[
        'cuuid\nUUID\n',
        'c__builtin__\nset\n',
        'cdatetime\ntime\n',
        'C\x06\0\0\0\0\0\0',
        'ccopy_reg\n_reconstructor\n',
      ],
    );
    const programs = fc.array(instructions, { maxLength: 40 }).map((all) => Buffer.from(`${all.join('')}.`, 'latin1'));
    fc.assert(
      fc.property(fc.oneof(changed, programs, fc.uint8Array({ maxLength: 40 })), (bytes) => {
        expect(isHandled(() => pickle.decode(bytes))).toBe(true);
      }),
      { seed: 1, numRuns: 5_000 },
    );
  });
});
