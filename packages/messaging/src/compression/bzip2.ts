import { CtqError } from '@ctq/runtime';
import { compressBzip2 } from './bzip2/compress.js';
import { decompressBzip2 } from './bzip2/decompress.js';
import type { Compressor } from './compressor.js';
import { isNoStream } from './refusals.js';

/**
 * bzip2 at level 9, as Kombu's (kombu 5.7 compression.py: `bz2.compress`). Written here, because no package writes it without a
 * native part and under a licence for everybody.
 */
export const bzip2Compressor: Compressor = Object.freeze({
  name: 'bzip2',
  aliases: Object.freeze(['bzip']),
  contentType: 'application/x-bz2',
  compress: compressBzip2,
  decompress(bytes: Uint8Array, maxBytes: number): Uint8Array {
    try {
      return decompressBzip2(bytes, maxBytes);
    } catch (cause) {
      throw CtqError.isInstance(cause) ? cause : isNoStream('bzip2', cause);
    }
  },
});
