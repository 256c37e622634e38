import type { Compressor } from './compressor.js';
import { deflate, inflate } from './zlib.js';

/**
 * What Kombu calls gzip: a *zlib* stream under `application/x-gzip` (kombu 5.6 compression.py: `register(zlib.compress,
 * …, 'application/x-gzip', aliases=['gzip', 'zlib'])`). A true gzip stream under that header, which other producers
 * send, is read as well.
 */
export const gzipCompressor: Compressor = Object.freeze({
  name: 'gzip',
  aliases: Object.freeze(['zlib']),
  contentType: 'application/x-gzip',
  compress: deflate,
  decompress: inflate,
});
