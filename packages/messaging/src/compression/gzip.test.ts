import { deflateSync, gzipSync, inflateSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BodyTooLargeError, DecodeError } from '../errors.js';
import { gzipCompressor } from './gzip.js';

const text = Buffer.from('the same, the same, the same, the same');

test('[MS-196] gzip writes a zlib stream, as Kombu does, under application/x-gzip with the alias zlib', () => {
  expect(gzipCompressor).toMatchObject({ name: 'gzip', aliases: ['zlib'], contentType: 'application/x-gzip' });
  expect(inflateSync(gzipCompressor.compress(text))).toEqual(text);
});

test('[MS-196] gzip reads zlib streams and true gzip streams', () => {
  for (const stream of [deflateSync(text), gzipSync(text)]) {
    expect(Buffer.from(gzipCompressor.decompress(stream, 1000))).toEqual(text);
  }
});

test('Inflating goes on with the next of several gzip streams, and stops at the limit of all', () => {
  const twice = Buffer.concat([gzipSync(text), gzipSync(text)]);
  expect(Buffer.from(gzipCompressor.decompress(twice, 2 * text.length))).toEqual(Buffer.concat([text, text]));
  expect(() => gzipCompressor.decompress(twice, 2 * text.length - 1)).toThrow(BodyTooLargeError);
});

test('Inflating stops at the limit', () => {
  const bomb = deflateSync(Buffer.alloc(50_000_000));
  expect(() => gzipCompressor.decompress(bomb, 1_000_000)).toThrow(BodyTooLargeError);
  expect(() => gzipCompressor.decompress(gzipSync(text), text.length - 1)).toThrow(BodyTooLargeError);
  expect(gzipCompressor.decompress(gzipSync(text), text.length)).toHaveLength(text.length);
});

test.each([
  ['nothing', Buffer.alloc(0)],
  ['other bytes', Buffer.from('not compressed')],
  ['a stream cut short', deflateSync(text).subarray(0, -6)],
  ['a gzip stream with a wrong checksum', Buffer.concat([gzipSync(text).subarray(0, -8), Buffer.alloc(8)])],
  ['the first byte of gzip', Buffer.from([0x1f])],
])('%s is a DecodeError', (_, bytes) => {
  expect(() => gzipCompressor.decompress(bytes, 1000)).toThrow(DecodeError);
});

test('Any bytes come back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(Buffer.compare(gzipCompressor.decompress(gzipCompressor.compress(bytes), 1000), bytes)).toBe(0);
    }),
  );
});
