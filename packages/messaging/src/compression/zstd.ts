import * as zlib from 'node:zlib';
import { CtqError, toError } from '@ctq/runtime';
import type * as fzstd from 'fzstd';
import { DecodeError } from '../errors.js';
import { OptionalPackage } from '../optional-package.js';
import type { Compressor } from './compressor.js';
import { isNoStream, unpacksToTooMuch } from './refusals.js';
import { unpackWithin } from './zlib.js';
import { compressZstd } from './zstd/compress.js';
import { zstdFrames } from './zstd-frames.js';

/** What Node.js has since 22.15. */
interface NodeZstd {
  zstdCompressSync(bytes: Uint8Array): Uint8Array;
  zstdDecompressSync(bytes: Uint8Array, limit: { readonly maxOutputLength: number }): Uint8Array;
}

/** One frame to its content, of `maxBytes` at most. */
type FrameReader = (frame: Uint8Array, maxBytes: number, contentBytes: number | undefined) => Uint8Array;

/**
 * Zstandard at its default level, as Kombu's (kombu 5.7 compression.py: `zstd.compress`), under `application/zstd`.
 *
 * Node.js has it since 22.15. With an older one it is written here, a little larger, and read by the package `fzstd`, an optional peer
 * that is loaded at the first use; only where the frames say their size then, as Python's do.
 */
export function createZstdCompressor(load?: (name: string) => unknown, builtIn: object = zlib): Compressor {
  const node = isNodeZstd(builtIn) ? builtIn : undefined;
  const peer = new OptionalPackage<Pick<typeof fzstd, 'decompress'>>('fzstd', '^0.1.1', load);
  const readFrame = node === undefined ? frameReaderOf(peer) : frameReaderOfNode(node);
  return Object.freeze({
    name: 'zstd',
    aliases: Object.freeze(['zstandard']),
    contentType: 'application/zstd',
    compress(bytes: Uint8Array): Uint8Array {
      return node === undefined ? compressZstd(bytes) : node.zstdCompressSync(bytes);
    },
    decompress(bytes: Uint8Array, maxBytes: number): Uint8Array {
      try {
        const parts: Uint8Array[] = [];
        let left = maxBytes;
        for (const { start, end, contentBytes } of zstdFrames(bytes)) {
          if ((contentBytes ?? 0) > left) throw unpacksToTooMuch(bytes.length, maxBytes);
          const part = readFrame(bytes.subarray(start, end), left, contentBytes);
          left -= part.length;
          if (left < 0) throw unpacksToTooMuch(bytes.length, maxBytes);
          parts.push(part);
        }
        return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
      } catch (cause) {
        throw CtqError.isInstance(cause) ? cause : isNoStream('zstd', cause);
      }
    },
  });
}

function isNodeZstd(builtIn: object): builtIn is NodeZstd {
  return 'zstdCompressSync' in builtIn && 'zstdDecompressSync' in builtIn;
}

function frameReaderOfNode({ zstdDecompressSync }: NodeZstd): FrameReader {
  return (frame, maxBytes) => unpackWithin(zstdDecompressSync, 'zstd', frame, maxBytes);
}

function frameReaderOf(peer: OptionalPackage<Pick<typeof fzstd, 'decompress'>>): FrameReader {
  return (frame, _maxBytes, contentBytes) => {
    // Without a size the library would allocate what the frame asks for, and as it goes on.
    if (contentBytes === undefined)
      throw new DecodeError('Cannot decompress zstd without its size: Node.js 22.15 or newer can.');
    return loaded(peer).decompress(frame);
  };
}

/** @throws DecodeError with the command to install it. */
function loaded<Exports>(peer: OptionalPackage<Exports>): Exports {
  try {
    return peer.exports;
  } catch (cause) {
    throw new DecodeError(`Cannot decompress zstd: ${toError(cause).message}`, { cause });
  }
}
