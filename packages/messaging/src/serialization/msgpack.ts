import { CtqError, toError } from '@ctq/runtime';
import type * as msgpackr from 'msgpackr';
import { DecodeError, EncodeError } from '../errors.js';
import { OptionalPackage } from '../optional-package.js';
import { checkMsgpack } from './msgpack-check.js';
import { fromUnpacked, toPackable } from './msgpack-values.js';
import type { Serializer } from './serializer.js';

type Msgpackr = Pick<typeof msgpackr, 'Packr' | 'Unpackr'>;

/**
 * MessagePack as Kombu speaks it (kombu 5.6 serialization.py, register_msgpack: `packb(use_bin_type=True)`,
 * `unpackb(raw=False)`): strings, bytes, numbers, arrays and maps, and **no extension types**. There is nothing for
 * dates, decimals and UUIDs: Python raises for them too, and so does this; send text, or use json.
 *
 * Integers that are read are numbers where that is exact, bigints beyond 2^53; bytes are a `Uint8Array`.
 *
 * The package `msgpackr` is an optional peer: it is loaded at the first use, and missing then is an error with the
 * command to install it.
 */
export function createMsgpackSerializer(load?: (name: string) => unknown): Serializer {
  const peer = new OptionalPackage<Msgpackr>('msgpackr', '^2.1.3', load);
  let codec: { readonly packr: msgpackr.Packr; readonly unpackr: msgpackr.Unpackr } | undefined;
  const open = (): NonNullable<typeof codec> => {
    const { Packr, Unpackr } = peer.exports;
    codec ??= {
      packr: new Packr({ useRecords: false, variableMapSize: true }),
      // Maps, because msgpackr renames the key `__proto__` of objects; 64-bit integers as bigints, to be narrowed where
      // that is exact.
      unpackr: new Unpackr({ useRecords: false, mapsAsObjects: false, int64AsType: 'bigint' }),
    };
    return codec;
  };
  return Object.freeze({
    name: 'msgpack',
    contentType: 'application/x-msgpack',
    contentEncoding: 'binary',
    load: () => void peer.exports,
    encode(value: unknown): Uint8Array {
      try {
        const { packr } = codec ?? open();
        return packr.pack(toPackable(value));
      } catch (cause) {
        if (CtqError.isInstance(cause)) throw cause;
        throw new EncodeError(`Cannot encode as msgpack: ${toError(cause).message}`, { cause });
      }
    },
    decode(bytes: Uint8Array): unknown {
      try {
        const { unpackr } = codec ?? open();
        checkMsgpack(bytes);
        // A view of our own: msgpackr keeps a property on the array that it reads from.
        return fromUnpacked(unpackr.unpack(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)));
      } catch (cause) {
        if (CtqError.isInstance(cause)) throw cause;
        throw new DecodeError(`The content is not valid msgpack: ${toError(cause).message}`, { cause });
      }
    },
  });
}
