import { BodyTooLargeError, EncodeError } from '../errors.js';

/** What a message may cost its receiver. Only own messages and those of trusted producers can be refused less. */
export interface SizeLimits {
  /** Bytes of a body as it travels. Default 64 MiB. */
  readonly maxBodyBytes: number;
  /** Bytes of a body after decompression. Default 256 MiB. */
  readonly maxDecompressedBytes: number;
  /**
   * How many times its size a body may grow; what unpacks to less than 1 MiB is always allowed. Default 1,100: zlib
   * cannot reach more than 1,032, so that a merely repetitive body is not taken for an attack, and other algorithms are
   * kept to about what zlib could do.
   */
  readonly maxCompressionRatio: number;
}

/** @internal */
export const defaultSizeLimits: SizeLimits = {
  maxBodyBytes: 64 * 1024 * 1024,
  maxDecompressedBytes: 256 * 1024 * 1024,
  maxCompressionRatio: 1_100,
};

const alwaysAllowedBytes = 1024 * 1024;

/** To how many bytes a compressed body of this size may unpack. @internal */
export function allowedDecompressedBytes(compressedBytes: number, limits: SizeLimits): number {
  return Math.min(limits.maxDecompressedBytes, bytesWithinRatio(compressedBytes, limits));
}

/** Whether a receiver would take this body for a compression bomb. @internal */
export function looksLikeBomb(compressedBytes: number, decompressedBytes: number, limits: SizeLimits): boolean {
  return decompressedBytes > bytesWithinRatio(compressedBytes, limits);
}

function bytesWithinRatio(compressedBytes: number, limits: SizeLimits): number {
  return Math.max(alwaysAllowedBytes, compressedBytes * limits.maxCompressionRatio);
}

/** @throws BodyTooLargeError @internal */
export function checkReceivedSize(bodyBytes: number, limits: SizeLimits): void {
  if (bodyBytes <= limits.maxBodyBytes) return;
  throw new BodyTooLargeError(
    `The body has ${bodyBytes} bytes, more than the ${limits.maxBodyBytes} of maxBodyBytes: it is not decoded. ` +
      'Raise the limit, or let the sender store large data elsewhere and send a reference.',
    { details: { bodyBytes, maxBodyBytes: limits.maxBodyBytes } },
  );
}

/**
 * What the limits would refuse to receive is not sent either: an error at the sender, where someone can act, beats a
 * message that nobody can read.
 *
 * @throws EncodeError @internal
 */
export function checkSentSize(bodyBytes: number, serializedBytes: number, limits: SizeLimits): void {
  const isTooLarge = bodyBytes > limits.maxBodyBytes;
  if (!isTooLarge && serializedBytes <= limits.maxDecompressedBytes) return;
  const [size, option] = isTooLarge
    ? ([bodyBytes, 'maxBodyBytes'] as const)
    : ([serializedBytes, 'maxDecompressedBytes'] as const);
  throw new EncodeError(
    `The body has ${size} bytes, more than the ${limits[option]} of ${option}, which receivers refuse. ` +
      'Store large data elsewhere and send a reference, or raise the limit on both sides.',
    { details: { size, [option]: limits[option] } },
  );
}
