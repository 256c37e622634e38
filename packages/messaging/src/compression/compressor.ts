/** Bytes to fewer bytes and back; the same shape of contract as a serializer. */
export interface Compressor {
  readonly name: string;
  /** Other names by which settings may call it. */
  readonly aliases: readonly string[];
  /** Value of the `compression` header. */
  readonly contentType: string;
  compress(bytes: Uint8Array): Uint8Array;
  /**
   * @throws BodyTooLargeError as soon as the output would pass `maxBytes`: a bomb is never unpacked.
   * @throws DecodeError for what is not a stream of this algorithm.
   */
  decompress(bytes: Uint8Array, maxBytes: number): Uint8Array;
}
