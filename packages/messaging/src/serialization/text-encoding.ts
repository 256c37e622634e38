import { isAscii } from 'node:buffer';
import { DecodeError } from '../errors.js';
import { decodeUtf8 } from './utf8.js';

/**
 * Content without a decoder, by its content encoding alone: bytes for `binary`, else text (kombu 5.6 serialization.py,
 * loads and SKIP_DECODE).
 *
 * @throws DecodeError for text that is not in that encoding, and for encodings that are not known. @internal
 */
export function decodeByEncoding(bytes: Uint8Array, contentEncoding: string): Uint8Array | string {
  const encoding = contentEncoding.toLowerCase();
  switch (encoding) {
    case 'binary':
    case 'ascii-8bit':
      return bytes;
    case '':
    case 'utf-8':
    case 'utf8':
      return decodeUtf8(bytes);
    case 'ascii':
    case 'us-ascii':
      if (!isAscii(bytes)) throw new DecodeError('The body is not the ASCII text that its content encoding says.');
      return decodeUtf8(bytes);
    case 'latin-1':
    case 'latin1':
    case 'iso-8859-1':
      // Not TextDecoder, for which these names mean windows-1252.
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  }
  try {
    return new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new DecodeError(`The body cannot be read as text in the encoding ${JSON.stringify(encoding.slice(0, 40))}.`, {
      cause,
    });
  }
}
