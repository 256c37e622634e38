/**
 * Values to bytes and back. Synchronous and pure; decoding never builds prototypes of its own choosing and never runs
 * code that a message names. Throws `EncodeError` / `DecodeError` and nothing else.
 */
export interface Serializer {
  readonly name: string;
  readonly contentType: string;
  /** `utf-8` for text, `binary` for everything else. */
  readonly contentEncoding: string;
  /**
   * Loads the package that it stands on, if there is one. Called for every serializer that an app accepts, so that a missing package is
   * known at the start and not at the first message.
   *
   * @throws Error that says in the middle of a sentence what is missing, and the command to install it.
   */
  readonly load?: () => void;
  encode(value: unknown): Uint8Array;
  decode(bytes: Uint8Array): unknown;
}
