import { readFileSync } from 'node:fs';
import * as zlib from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BodyTooLargeError, DecodeError, EncodeError } from '../errors.js';
import { brotliCompressor } from './brotli.js';
import { bzip2Compressor } from './bzip2.js';
import type { Compressor } from './compressor.js';
import { gzipCompressor } from './gzip.js';
import { createLzmaCompressor } from './lzma.js';
import { createZstdCompressor } from './zstd.js';

interface Captured {
  readonly texts: Readonly<Record<string, string>>;
  readonly streams: readonly {
    readonly format: string;
    readonly writer: string;
    readonly text: string;
    readonly stream: string;
  }[];
  readonly refused: readonly { readonly format: string; readonly why: string; readonly stream: string }[];
  /** zstd without its size. */
  readonly streamed: string;
}

/** Made by `make-streams.py`. */
const captured = JSON.parse(readFileSync(new URL('__fixtures__/streams.json', import.meta.url), 'utf8')) as Captured;
const bytesOf = (base64: string | undefined): Uint8Array => new Uint8Array(Buffer.from(base64 ?? '', 'base64'));
const textOf = (name: string): Uint8Array => bytesOf(captured.texts[name]);

const lzma = createLzmaCompressor();
const zstd = createZstdCompressor();
/** As on a Node.js that has no zstd. */
const zstdByPeer = createZstdCompressor(undefined, {});
const hasZstd = 'zstdCompressSync' in zlib;

const readers: Readonly<Record<string, readonly Compressor[]>> = {
  bzip2: [bzip2Compressor],
  lzma: [lzma],
  zstd: [zstd, zstdByPeer],
};
/** One that is written here is in the list under its own name. */
const writers = [bzip2Compressor, lzma, { ...zstdByPeer, name: 'zstd, written here' }, ...(hasZstd ? [zstd] : [])];
const same = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0;

describe('Compression', () => {
  test.each([
    ['[MS-197]', bzip2Compressor, 'bzip2', ['bzip'], 'application/x-bz2'],
    ['[MS-199]', lzma, 'lzma', ['xz'], 'application/x-lzma'],
    ['[MS-200]', zstd, 'zstd', ['zstandard'], 'application/zstd'],
  ])('%s goes by its names in Kombu: %o', (_, compressor, name, aliases, contentType) => {
    expect(compressor).toMatchObject({ name, aliases, contentType });
  });

  test.each(captured.streams.map(({ format, writer, text, stream }) => [format, writer, text, stream] as const))(
    '[MS-197, MS-199, MS-200] by Python is read: %s, %s, of %s',
    (format, _, text, stream) => {
      for (const reader of readers[format] ?? []) {
        expect(same(reader.decompress(bytesOf(stream), textOf(text).length), textOf(text))).toBe(true);
      }
    },
  );

  test.each(captured.streams.filter(({ text, writer }) => text === 'a document' && writer === 'default'))(
    'stops at the limit: $format',
    ({ format, stream }) => {
      const { length } = textOf('a document');
      for (const { decompress } of readers[format] ?? []) {
        expect(decompress(bytesOf(stream), length)).toHaveLength(length);
        expect(() => decompress(bytesOf(stream), length - 1)).toThrow(BodyTooLargeError);
        const twice = Buffer.concat([bytesOf(stream), bytesOf(stream)]);
        expect(same(decompress(twice, 2 * length), Buffer.concat([textOf('a document'), textOf('a document')]))).toBe(
          true,
        );
        expect(() => decompress(twice, 2 * length - 1)).toThrow(BodyTooLargeError);
      }
    },
  );

  test.each(captured.streams.filter(({ text, writer }) => text === 'a document' && writer === 'default'))(
    'that is no stream, or cut short, is a DecodeError: $format',
    ({ format, stream }) => {
      const bytes = bytesOf(stream);
      for (const { decompress } of readers[format] ?? []) {
        for (const wrong of [
          Buffer.alloc(0),
          Buffer.from('not compressed'),
          Buffer.concat([bytes, Buffer.from('and more')]),
        ]) {
          expect(() => decompress(wrong, 1e6)).toThrow(DecodeError);
        }
        for (let length = 0; length < bytes.length; length += 7) {
          expect(() => decompress(bytes.subarray(0, length), 1e6)).toThrow(DecodeError);
        }
      }
    },
  );

  test.each(captured.refused.map(({ format, why, stream }) => [format, why, stream] as const))(
    'of a kind that Kombu does not write is a DecodeError: %s %s',
    (format, _, stream) => {
      for (const { decompress } of readers[format] ?? [])
        expect(() => decompress(bytesOf(stream), 1e6)).toThrow(DecodeError);
    },
  );

  test.each(writers.map((writer) => [writer.name, writer] as const))(
    'gives back any bytes: %s',
    (_, { compress, decompress }) => {
      const given = fc.oneof(
        fc.uint8Array({ maxLength: 300 }),
        // Runs, whose lengths bzip2 writes in two ways.
        fc
          .array(fc.tuple(fc.nat({ max: 3 }), fc.nat({ max: 600 })), { maxLength: 8 })
          .map((runs) => Buffer.concat(runs.map(([byte, length]) => Buffer.alloc(length, byte)))),
        fc
          .array(fc.constantFrom('order', ' ', 'name', '{"id": ', 'é'), { maxLength: 300 })
          .map((words) => Buffer.from(words.join(''))),
      );
      fc.assert(
        fc.property(given, (bytes) => same(decompress(compress(bytes), bytes.length), bytes)),
        { seed: 1 },
      );
    },
  );

  test.each(writers.map((writer) => [writer.name, writer] as const))(
    'makes a document about as small as gzip does: %s',
    (_, { compress }) => {
      const document = textOf('a document');
      expect(compress(document).length).toBeLessThan(gzipCompressor.compress(document).length * 1.5);
    },
  );

  test('[MS-197, MS-200] goes on after a block of 900,000 bytes in bzip2, and one of 128 KiB in zstd', () => {
    const large = Buffer.concat(Array.from({ length: 40 }, (_, n) => Buffer.from(textOf('a document')).fill(n, 0, 50)));
    const bytes = Buffer.concat([large, large, large]);
    expect(bytes.length).toBeGreaterThan(1_000_000);
    for (const { compress, decompress } of [bzip2Compressor, zstdByPeer]) {
      expect(same(decompress(compress(bytes), bytes.length), bytes)).toBe(true);
    }
  });
});

describe('A compression bomb is refused before it is unpacked:', () => {
  test('bzip2', () => {
    const bomb = bzip2Compressor.compress(Buffer.alloc(40_000_000));
    expect(bomb.length).toBeLessThan(100);
    const before = process.memoryUsage().arrayBuffers;
    expect(() => bzip2Compressor.decompress(bomb, 1_000_000)).toThrow(BodyTooLargeError);
    expect(() =>
      bzip2Compressor.decompress(Buffer.concat(Array.from({ length: 1000 }, () => bomb)), 1_000_000),
    ).toThrow(BodyTooLargeError);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1024 * 1024);
  });

  test('lzma, by what its chunks say, whatever the index says', () => {
    const bomb = lzma.compress(Buffer.alloc(20_000_000));
    expect(bomb.length).toBeLessThan(10_000);
    const before = process.memoryUsage().rss;
    expect(() => lzma.decompress(bomb, 1_000_000)).toThrow(BodyTooLargeError);
    // 1 in place of 20,000,000 in the index, seven bits a byte; liblzma sees only at the end that it is wrong.
    const lie = Uint8Array.from(bomb);
    expect([...lie.subarray(-20, -16)]).toEqual([0x80, 0xda, 0xc4, 0x09]);
    lie.set([0x81, 0x80, 0x80, 0x00], bomb.length - 20);
    expect(() => lzma.decompress(lie, 1_000_000)).toThrow(BodyTooLargeError);
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024);
  });

  test('zstd, by what its frames say, and by what comes out', () => {
    const bomb = bytesOf(
      captured.streams.find(({ format, text }) => format === 'zstd' && text === 'the same byte')?.stream,
    );
    for (const { decompress } of [zstd, zstdByPeer]) {
      expect(() => decompress(bomb, 9_999)).toThrow(BodyTooLargeError);
      expect(() => decompress(Buffer.concat(Array.from({ length: 100 }, () => bomb)), 999_999)).toThrow(
        BodyTooLargeError,
      );
    }
    // A frame that claims 2^60 bytes.
    const claim = Buffer.concat([bytesOf('KLUv/eA='), Buffer.from([0, 0, 0, 0, 0, 0, 0, 16]), Buffer.from([1, 0, 0])]);
    for (const { decompress } of [zstd, zstdByPeer]) expect(() => decompress(claim, 1e6)).toThrow(BodyTooLargeError);
  });
});

describe('Streams with changed bytes are unpacked within the limit, or refused as readers expect:', () => {
  const samples = captured.streams.filter(({ text }) => text !== 'noise');
  test.each<[string, Compressor, string]>([
    ['bzip2', bzip2Compressor, 'bzip2'],
    ['lzma', lzma, 'lzma'],
    ['zstd', zstd, 'zstd'],
    ['zstd by the peer', zstdByPeer, 'zstd'],
    ['gzip', gzipCompressor, 'gzip'],
    ['brotli', brotliCompressor, 'brotli'],
  ])('%s', (_, { compress, decompress }, format) => {
    const own = samples.filter((sample) => sample.format === format).map(({ stream }) => bytesOf(stream));
    const streams = own.length > 0 ? own : [compress(textOf('a document')), compress(textOf('a byte'))];
    const changed = fc
      .tuple(
        fc.constantFrom(...streams),
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 }),
      )
      .map(([stream, changes]) => {
        const bytes = Uint8Array.from(stream);
        for (const [place, byte] of changes) bytes[place % bytes.length] = byte;
        return bytes;
      });
    const limit = 100_000;
    fc.assert(
      fc.property(fc.oneof(changed, fc.uint8Array({ maxLength: 60 })), (bytes) => {
        try {
          return decompress(bytes, limit).length <= limit;
        } catch (error) {
          return DecodeError.isInstance(error);
        }
      }),
      { seed: 1, numRuns: 1500 },
    );
  });
});

describe('Where a package is missing', () => {
  const missing = (name: string): never => {
    throw Object.assign(new Error(`Cannot find module '${name}'\nRequire stack: …`), { code: 'MODULE_NOT_FOUND' });
  };
  const streamOf = (name: string): Uint8Array =>
    bytesOf(captured.streams.find(({ format }) => format === name)?.stream);

  test('[MS-199] lzma names the command to install it, in both directions', () => {
    const without = createLzmaCompressor(missing);
    expect(() => without.compress(Buffer.from('a'))).toThrow(EncodeError);
    expect(() => without.compress(Buffer.from('a'))).toThrow(/Run: npm install node-liblzma@\^4\.0\.2$/);
    expect(() => without.decompress(streamOf('lzma'), 10)).toThrow(DecodeError);
    expect(() => without.decompress(streamOf('lzma'), 10)).toThrow(/Run: npm install node-liblzma@\^4\.0\.2$/);
  });

  test('[MS-200] zstd names the command to install it, unless Node.js has zstd', () => {
    const without = createZstdCompressor(missing, {});
    expect(() => without.decompress(streamOf('zstd'), 10)).toThrow(DecodeError);
    expect(() => without.decompress(streamOf('zstd'), 10)).toThrow(/Run: npm install fzstd@\^0\.1\.1$/);
  });

  test('one that is there and does not work is told from one that is missing', () => {
    const broken = createLzmaCompressor(() => {
      throw new Error('No native build was found');
    });
    expect(() => broken.compress(Buffer.from('a'))).toThrow(/node-liblzma cannot be loaded: No native build was found/);
  });
});

test('[MS-200] zstd is left to Node.js where that has it', () => {
  const calls: unknown[] = [];
  const node = createZstdCompressor(undefined, {
    zstdCompressSync: (bytes: Uint8Array) => {
      calls.push(['compress', bytes]);
      return bytes;
    },
    zstdDecompressSync: (bytes: Uint8Array, { maxOutputLength }: { readonly maxOutputLength: number }) => {
      calls.push(['decompress', bytes, maxOutputLength]);
      return new Uint8Array(4);
    },
  });
  const text = Buffer.from('abc');
  expect(node.compress(text)).toBe(text);
  const frame = bytesOf(captured.streamed);
  expect(node.decompress(Buffer.concat([frame, frame]), 10)).toHaveLength(8);
  expect(calls).toEqual([
    ['compress', text],
    ['decompress', Buffer.from(frame), 10],
    ['decompress', Buffer.from(frame), 6],
  ]);
});
