import { deflateSync } from 'node:zlib';
import { ConfigurationError } from '@ctq/runtime';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isHandled } from '../__fixtures__/is-handled.js';
import type { Compressor } from '../compression/compressor.js';
import { BodyTooLargeError, ContentNotAcceptedError, DecodeError, EncodeError } from '../errors.js';
import { createContentCodec } from './content-codec.js';
import { createJsonSerializer } from './json.js';
import { createMsgpackSerializer } from './msgpack.js';
import { createYamlSerializer } from './yaml.js';
import type { EncodedContent } from './content.js';
import type { Serializer } from './serializer.js';

const codec = createContentCodec();
const everything = createContentCodec({ accept: ['json', 'yaml', 'msgpack', 'text', 'application/x-unknown'] });

function received(content: EncodedContent): Parameters<typeof codec.decode>[0] {
  return { ...content, headers: content.compression === undefined ? {} : { compression: content.compression } };
}

const body = (text: string, contentType: string, contentEncoding = 'utf-8'): Parameters<typeof codec.decode>[0] => ({
  body: Buffer.from(text, 'latin1'),
  contentType,
  contentEncoding,
  headers: {},
});

describe('JSON that is written already', () => {
  test('is what the serializer would have written', () => {
    expect(codec.encodeJson('{"a":"é"}', 'json')).toEqual(codec.encode({ a: 'é' }, { serializer: 'json' }));
    expect(codec.encodeJson('[1]', 'application/json')).toEqual(codec.encode([1], { serializer: 'json' }));
  });

  test('is nothing for what writes something else, or perhaps so', () => {
    for (const name of ['yaml', 'text', 'unheard of']) expect(codec.encodeJson('[1]', name)).toBeUndefined();
    const own: Serializer = { ...createJsonSerializer(), encode: () => Buffer.from('odd') };
    expect(createContentCodec({ serializers: [own] }).encodeJson('[1]', 'json')).toBeUndefined();
    const typed = createContentCodec({ serializers: [createJsonSerializer({ types: [] })] });
    expect(typed.encodeJson('[1]', 'json')).toMatchObject({ contentType: 'application/json' });
  });

  test('is not larger than what may be sent', () => {
    const small = createContentCodec({ maxBodyBytes: 4 });
    expect(small.encodeJson('[12]', 'json')).toBeDefined();
    expect(() => small.encodeJson('["é"]', 'json')).toThrow(EncodeError);
  });
});

describe('Encoding', () => {
  test.each([
    [undefined, { a: 1 }, 'application/json', 'utf-8'],
    ['json', 'text', 'application/json', 'utf-8'],
    ['application/json', [1], 'application/json', 'utf-8'],
    ['yaml', { a: [1] }, 'application/x-yaml', 'utf-8'],
    ['application/x-yaml', [1], 'application/x-yaml', 'utf-8'],
    ['msgpack', [1], 'application/x-msgpack', 'binary'],
    ['text', 'a', 'text/plain', 'utf-8'],
    ['bytes', Buffer.from('a'), 'application/data', 'binary'],
  ])(
    '[MS-053, MS-175, MS-176, MS-178] with serializer %s gives its content type',
    (serializer, value: unknown, contentType, contentEncoding) => {
      const content = codec.encode(value, serializer === undefined ? {} : { serializer });
      expect(content).toMatchObject({ contentType, contentEncoding });
      expect(content).not.toHaveProperty('compression');
      expect(everything.decode(received(content))).toEqual(value);
    },
  );

  test('[MS-190] without a serializer leaves strings and bytes as they are', () => {
    expect(codec.encode('é')).toEqual({ body: Buffer.from('é'), contentType: 'text/plain', contentEncoding: 'utf-8' });
    expect(codec.encode(Buffer.from([255]))).toMatchObject({
      contentType: 'application/data',
      contentEncoding: 'binary',
    });
  });

  test('[MS-179] with raw sends both as application/data', () => {
    const text = codec.encode('é', { serializer: 'raw' });
    const bytes = codec.encode(Buffer.from([255]), { serializer: 'raw' });
    expect([text.contentType, text.contentEncoding]).toEqual(['application/data', 'utf-8']);
    expect([bytes.contentType, bytes.contentEncoding]).toEqual(['application/data', 'binary']);
    expect(codec.decode(received(text))).toBe('é');
    expect(codec.decode(received(bytes))).toEqual(Buffer.from([255]));
    expect(() => codec.encode({}, { serializer: 'raw' })).toThrow(EncodeError);
  });

  test.each([
    ['jsno', /called "jsno"\. Did you mean json\? Available: json, yaml, msgpack, text, bytes, raw/],
    ['protobuf', /called "protobuf"\. Available/],
    ['yml', /Did you mean yaml\?/],
    ['pickle', /Pickles are refused/],
    ['application/x-python-serialize', /Pickles are refused/],
  ])('[MS-177, MS-194] with the serializer %s says what there is', (serializer, message) => {
    expect(() => codec.encode(1, { serializer })).toThrow(EncodeError);
    expect(() => codec.encode(1, { serializer })).toThrow(message);
  });

  test('with a mistyped compression names the nearest', () => {
    expect(() => codec.encode(1, { compression: 'gzib' })).toThrow(/Did you mean gzip\?/);
  });

  test('of half a surrogate pair as text, and of data as text, are errors', () => {
    expect(() => codec.encode('\ud800')).toThrow(/surrogate/);
    expect(() => codec.encode([1], { serializer: 'text' })).toThrow(EncodeError);
  });

  test('refuses what its receivers would refuse', () => {
    const small = createContentCodec({ maxBodyBytes: 100, maxDecompressedBytes: 1000 });
    expect(() => small.encode('x'.repeat(101))).toThrow(/101 bytes, more than the 100 of maxBodyBytes/);
    expect(() => small.encode('x'.repeat(1001), { compression: 'gzip' })).toThrow(/maxDecompressedBytes/);
    expect(small.encode('x'.repeat(1000), { compression: 'gzip' }).compression).toBe('application/x-gzip');
  });
});

describe('Decoding', () => {
  test('[MS-066, MS-181] refuses everything but json unless told otherwise', () => {
    for (const type of [
      'application/x-msgpack',
      'application/x-yaml',
      'application/x-python-serialize',
      'text/plain',
      'a/b',
    ]) {
      expect(() => codec.decode(body('', type))).toThrow(ContentNotAcceptedError);
    }
    expect(() => codec.decode(body('', 'application/x-msgpack'))).toThrow(
      /accepted are application\/json\. Add msgpack to `accept`/,
    );
    expect(() => codec.decode(body('', 'application/x-python-serialize'))).toThrow(
      /application\/x-python-serialize \(pickle\)/,
    );
    expect(
      createContentCodec({ accept: ['msgpack'] }).decode(received(codec.encode([1], { serializer: 'msgpack' }))),
    ).toEqual([1]);
    expect(() => createContentCodec({ accept: ['msgpack'] }).decode(body('1', 'application/json'))).toThrow(
      ContentNotAcceptedError,
    );
  });

  test('[MS-182] passes application/data, application/text and an empty type without decoding them', () => {
    expect(codec.decode(body('\xff', 'application/data', 'binary'))).toEqual(Buffer.from([255]));
    expect(codec.decode(body('[1]', 'application/data', 'utf-8'))).toBe('[1]');
    expect(codec.decode(body('[1]', 'application/text'))).toBe('[1]');
    expect(codec.decode(body('[1]', '', 'binary'))).toEqual(Buffer.from('[1]'));
  });

  test('[MS-191] takes an accepted but unknown type by its encoding', () => {
    for (const encoding of ['latin-1', 'latin1', 'ISO-8859-1']) {
      expect(everything.decode(body('\xe9\x80', 'application/x-unknown', encoding))).toBe('é\u0080');
    }
    for (const encoding of ['ascii', 'US-ASCII']) {
      expect(everything.decode(body('a', 'application/x-unknown', encoding))).toBe('a');
    }
    expect(everything.decode(body('\xff', 'application/x-unknown', 'binary'))).toEqual(Buffer.from([255]));
    expect(everything.decode(body('a\0', 'application/x-unknown', 'utf-16le'))).toBe('a');
    expect(everything.decode(body('a', 'application/x-unknown', ''))).toBe('a');
    expect(everything.decode(body('a', 'application/x-unknown', 'ASCII-8BIT'))).toEqual(Buffer.from('a'));
    for (const encoding of ['utf-8', 'us-ascii', 'klingon']) {
      expect(() => everything.decode(body('\xff', 'application/x-unknown', encoding))).toThrow(DecodeError);
    }
  });

  test('[MS-193] knows names and content types in accept, and refuses names that it has not', () => {
    expect(() => createContentCodec({ accept: ['json', 'toml'] })).toThrow(ConfigurationError);
    expect(() => createContentCodec({ accept: ['jsn'] })).toThrow(/Did you mean json/);
    expect(createContentCodec({ accept: ['application/json', 'raw'] }).decode(body('[1]', 'application/json'))).toEqual(
      [1],
    );
  });

  test('[MS-176, MS-178, MS-193] says at the start which package is missing for what is accepted', () => {
    const missing = (name: string): never => {
      throw new Error(`Cannot find module '${name}'`);
    };
    for (const [serializer, name, command] of [
      [createYamlSerializer(missing), 'yaml', /accept` names yaml, but .* Run: npm install js-yaml@\^5\.5\.0/],
      [
        createMsgpackSerializer(missing),
        'application/x-msgpack',
        /accept` names msgpack, but .* Run: npm install msgpackr@/,
      ],
    ] as const) {
      const options = { serializers: [serializer], accept: ['json', name] };
      expect(() => createContentCodec(options)).toThrow(ConfigurationError);
      expect(() => createContentCodec(options)).toThrow(command);
      // What is not accepted is not needed.
      expect(() => createContentCodec({ serializers: [serializer] })).not.toThrow();
    }
  });

  test('[MS-189] uses serializers of others, also in place of the built-in ones', () => {
    const upper: Serializer = {
      name: 'upper',
      contentType: 'application/x-upper',
      contentEncoding: 'utf-8',
      encode: (value) => Buffer.from(String(value).toUpperCase()),
      decode: (bytes) => Buffer.from(bytes).toString().toLowerCase(),
    };
    const own = createContentCodec({
      serializers: [upper, { ...upper, name: 'json', contentType: 'application/json' }],
      accept: ['upper', 'json'],
    });
    for (const serializer of ['upper', 'json']) {
      const content = own.encode('Abc', { serializer });
      expect(Buffer.from(content.body).toString()).toBe('ABC');
      expect(own.decode(received(content))).toBe('abc');
    }
    const broken = createContentCodec({
      serializers: [
        {
          ...upper,
          encode: () => null as never,
          decode: () => {
            throw new SyntaxError('no');
          },
        },
      ],
      accept: ['upper'],
    });
    expect(() => broken.encode(1, { serializer: 'upper' })).toThrow(EncodeError);
    expect(() => broken.decode(body('', 'application/x-upper'))).toThrow(DecodeError);
  });

  test('lets a serializer of application/data decode it, as Kombu does for auth', () => {
    const auth: Serializer = {
      name: 'auth',
      contentType: 'application/data',
      contentEncoding: 'utf-8',
      encode: () => Buffer.from('signed'),
      decode: () => 'verified',
    };
    expect(createContentCodec({ serializers: [auth] }).decode(body('signed', 'application/data'))).toBe('verified');
  });

  test('is a DecodeError for an empty body of a type that has no empty document', () => {
    expect(() => codec.decode(body('', 'application/json'))).toThrow(DecodeError);
    expect(everything.decode(body('', 'text/plain'))).toBe('');
  });

  test('of random bytes under any type is a value or a DecodeError', () => {
    const types = fc.constantFrom(
      'application/json',
      'application/x-yaml',
      'application/x-msgpack',
      'text/plain',
      'application/x-unknown',
      'application/data',
    );
    const headers = fc.constantFrom(
      {},
      { compression: 'application/x-gzip' },
      { compression: 'gzip' },
      { compression: 'application/x-bz2' },
      { compression: 'application/x-lzma' },
      { compression: 'application/zstd' },
      { compression: 7 },
      { compression: '' },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), types, headers, (bytes, contentType, someHeaders) => {
        expect(
          isHandled(() =>
            everything.decode({ body: bytes, contentType, contentEncoding: 'utf-8', headers: someHeaders }),
          ),
        ).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('Compression', () => {
  test.each(['gzip', 'zlib', 'application/x-gzip'])(
    '[MS-196] [MS-202] by %s travels with its content type as header',
    (compression) => {
      const content = codec.encode(['x'.repeat(1000)], { compression });
      expect(content.compression).toBe('application/x-gzip');
      expect(content.body.length).toBeLessThan(100);
      expect(codec.decode(received(content))).toEqual(['x'.repeat(1000)]);
    },
  );

  test.each(['brotli', 'application/x-brotli'])('[MS-198, MS-202] by %s does too', (compression) => {
    const content = codec.encode(['x'.repeat(1000)], { compression });
    expect(content.compression).toBe('application/x-brotli');
    expect(content.body.length).toBeLessThan(100);
    expect(codec.decode(received(content))).toEqual(['x'.repeat(1000)]);
  });

  test.each([
    ['bzip2', 'application/x-bz2', '[MS-197, MS-202]'],
    ['bzip', 'application/x-bz2', '[MS-197, MS-202]'],
    ['application/x-bz2', 'application/x-bz2', '[MS-197, MS-202]'],
    ['lzma', 'application/x-lzma', '[MS-199, MS-202]'],
    ['xz', 'application/x-lzma', '[MS-199, MS-202]'],
    ['application/x-lzma', 'application/x-lzma', '[MS-199, MS-202]'],
    ['zstd', 'application/zstd', '[MS-200, MS-202]'],
    ['zstandard', 'application/zstd', '[MS-200, MS-202]'],
    ['application/zstd', 'application/zstd', '[MS-200, MS-202]'],
  ])('by %s goes under %s %s', (compression, contentType) => {
    const content = codec.encode(['x'.repeat(1000)], { compression });
    expect(content.compression).toBe(contentType);
    expect(codec.decode(received(content))).toEqual(['x'.repeat(1000)]);
    // By every name that Kombu has for it.
    expect(codec.decode({ ...received(content), headers: { compression } })).toEqual(['x'.repeat(1000)]);
  });

  test.each([
    ['application/x-nope', /no compressor called "application\/x-nope"/],
    [7, /no compressor called "7"/],
  ])('that is not known is a DecodeError: %s', (compression, message) => {
    const content = { ...body('', 'application/json'), headers: { compression } };
    expect(() => codec.decode(content)).toThrow(DecodeError);
    expect(() => codec.decode(content)).toThrow(message);
  });

  test('[MS-201] by a compressor of others is used by name, alias and content type', () => {
    const reverse: Compressor = {
      name: 'reverse',
      aliases: ['rev'],
      contentType: 'application/x-reverse',
      compress: (bytes) => Uint8Array.from(bytes).reverse(),
      decompress: (bytes) => Uint8Array.from(bytes).reverse(),
    };
    const own = createContentCodec({ compressors: [reverse] });
    for (const compression of ['reverse', 'rev', 'application/x-reverse']) {
      const content = own.encode([1, 2], { compression });
      expect(Buffer.from(content.body).toString()).toBe(']2,1[');
      expect(own.decode(received(content))).toEqual([1, 2]);
    }
  });
});

describe('Limits', () => {
  const bomb = (bytes: number): ReturnType<typeof body> => ({
    body: deflateSync(Buffer.alloc(bytes, ' ')),
    contentType: 'application/json',
    contentEncoding: 'utf-8',
    headers: { compression: 'application/x-gzip' },
  });

  test('A body that is too large is not looked at', () => {
    const small = createContentCodec({ maxBodyBytes: 10 });
    expect(() => small.decode(body('[1,2,3,4,5,6]', 'application/json'))).toThrow(BodyTooLargeError);
    expect(small.decode(body('[1,2,3,4]', 'application/json'))).toEqual([1, 2, 3, 4]);
  });

  test('A compression bomb is refused before it is unpacked', () => {
    const content = bomb(100 * 1024 * 1024);
    expect(content.body.length).toBeLessThan(120_000);
    const before = process.memoryUsage().arrayBuffers;
    const small = createContentCodec({ maxDecompressedBytes: 4 * 1024 * 1024 });
    expect(() => small.decode(content)).toThrow(BodyTooLargeError);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(32 * 1024 * 1024);
  });

  test('A compressor is told how much it may unpack: 1,100 times the size, at least 1 MiB and at most 256 MiB', () => {
    const allowed: number[] = [];
    const spy: Compressor = {
      name: 'spy',
      aliases: [],
      contentType: 'application/x-spy',
      compress: (bytes) => bytes,
      decompress: (bytes, maxBytes) => {
        allowed.push(maxBytes);
        return bytes;
      },
    };
    const own = createContentCodec({ compressors: [spy] });
    for (const size of [10, 10_000, 1_000_000]) {
      own.decode({ ...body('0'.padStart(size, ' '), 'application/json'), headers: { compression: 'spy' } });
    }
    expect(allowed).toEqual([1024 * 1024, 11_000_000, 256 * 1024 * 1024]);
  });

  test('A body that grows more than the ratio allows is refused, unless it stays small', () => {
    const strict = createContentCodec({ maxCompressionRatio: 10 });
    expect(() => strict.decode(bomb(3 * 1024 * 1024))).toThrow(BodyTooLargeError);
    expect(() => strict.decode(bomb(1024 * 1024))).toThrow(/it is empty|not valid JSON/);
  });

  test('A merely repetitive body is no bomb, and none is ever sent', () => {
    const value = ['x'.repeat(5_000_000)];
    const content = codec.encode(value, { compression: 'gzip' });
    expect(content.compression).toBe('application/x-gzip');
    expect(codec.decode(received(content))).toEqual(value);
    const strict = createContentCodec({ maxCompressionRatio: 10 });
    const uncompressed = strict.encode(value, { compression: 'gzip' });
    expect(uncompressed).not.toHaveProperty('compression');
    expect(strict.decode(received(uncompressed))).toEqual(value);
  });
});
