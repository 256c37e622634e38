import { brotliCompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { BodyTooLargeError, DecodeError } from '../errors.js';
import { brotliCompressor } from './brotli.js';

const text = Buffer.from('the same, the same, the same, the same');

test('[MS-198] brotli gives back what it made, under application/x-brotli', () => {
  expect(brotliCompressor).toMatchObject({ name: 'brotli', contentType: 'application/x-brotli' });
  const packed = brotliCompressor.compress(text);
  expect(packed.length).toBeLessThan(text.length);
  expect(brotliCompressor.decompress(packed, text.length)).toEqual(text);
});

test('Unpacking brotli stops at the limit', () => {
  const bomb = brotliCompressSync(Buffer.alloc(10_000_000));
  expect(() => brotliCompressor.decompress(bomb, 1_000_000)).toThrow(BodyTooLargeError);
  expect(() => brotliCompressor.decompress(brotliCompressSync(text), text.length - 1)).toThrow(BodyTooLargeError);
});

test.each([
  ['nothing', Buffer.alloc(0)],
  ['other bytes', Buffer.from('not compressed')],
  ['a stream cut short', brotliCompressSync(text).subarray(0, -6)],
])('%s is a DecodeError for brotli', (_, bytes) => {
  expect(() => brotliCompressor.decompress(bytes, 1000)).toThrow(DecodeError);
});
