import { CtqError, toError } from '@ctq/runtime';
import type * as liblzma from 'node-liblzma';
import { DecodeError, EncodeError } from '../errors.js';
import { OptionalPackage } from '../optional-package.js';
import type { Compressor } from './compressor.js';
import { isNoStream, unpacksToTooMuch } from './refusals.js';
import { scanXz } from './xz-scan.js';

type Liblzma = Pick<typeof liblzma, 'xzSync' | 'unxzSync'>;

/**
 * LZMA2 in the xz container at Python's default level, as Kombu's (kombu 5.7 compression.py: `lzma.compress`, under
 * `application/x-lzma`). Of the containers that Python's `lzma.decompress` recognises only this one is read.
 *
 * The package `node-liblzma` is an optional peer, loaded at the first use.
 */
export function createLzmaCompressor(load?: (name: string) => unknown): Compressor {
  const peer = new OptionalPackage<Liblzma>('node-liblzma', '^4.0.2', load);
  return Object.freeze({
    name: 'lzma',
    aliases: Object.freeze(['xz']),
    contentType: 'application/x-lzma',
    compress(bytes: Uint8Array): Uint8Array {
      try {
        return peer.exports.xzSync(asBuffer(bytes), { preset: 6 });
      } catch (cause) {
        throw new EncodeError(`Cannot compress with lzma: ${toError(cause).message}`, { cause });
      }
    },
    decompress(bytes: Uint8Array, maxBytes: number): Uint8Array {
      const { unxzSync } = loaded(peer);
      try {
        const streams = scanXz(bytes);
        const size = streams.reduce((sum, stream) => sum + stream.unpackedBytes, 0);
        if (size > maxBytes) throw unpacksToTooMuch(bytes.length, maxBytes);
        // One by one, since the library stops behind the first.
        const parts = streams.map(({ start, end }) => unxzSync(asBuffer(bytes.subarray(start, end))));
        const unpacked = parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
        if (unpacked.length !== size) throw new RangeError(`${unpacked.length} bytes in place of ${size}`);
        return unpacked;
      } catch (cause) {
        throw CtqError.isInstance(cause) ? cause : isNoStream('xz', cause);
      }
    },
  });
}

/** @throws DecodeError with the command to install it. */
function loaded(peer: OptionalPackage<Liblzma>): Liblzma {
  try {
    return peer.exports;
  } catch (cause) {
    throw new DecodeError(`Cannot decompress lzma: ${toError(cause).message}`, { cause });
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
