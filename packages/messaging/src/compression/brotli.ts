import { brotliCompressSync, brotliDecompressSync } from 'node:zlib';
import type { Compressor } from './compressor.js';
import { unpackWithin } from './zlib.js';

/** Brotli at its default level, the highest, as Kombu's (kombu 5.6 compression.py: `brotli.compress`). */
export const brotliCompressor: Compressor = Object.freeze({
  name: 'brotli',
  aliases: Object.freeze([]),
  contentType: 'application/x-brotli',
  compress: (bytes: Uint8Array): Uint8Array => brotliCompressSync(bytes),
  decompress: (bytes: Uint8Array, maxBytes: number): Uint8Array =>
    unpackWithin(brotliDecompressSync, 'brotli', bytes, maxBytes),
});
