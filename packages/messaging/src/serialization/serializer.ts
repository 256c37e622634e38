/**
 * Values to bytes and back. Synchronous and pure; decoding never builds prototypes of its own choosing and never runs
 * code that a message names. Throws `EncodeError` / `DecodeError` and nothing else.
 */
export interface Serializer {
  readonly name: string;
  readonly contentType: string;
  /** `utf-8` for text, `binary` for everything else. */
  readonly contentEncoding: string;
  encode(value: unknown): Uint8Array;
  decode(bytes: Uint8Array): unknown;
}
