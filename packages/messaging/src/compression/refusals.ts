import { BodyTooLargeError, DecodeError } from '../errors.js';

/** @internal */
export function unpacksToTooMuch(compressedBytes: number, maxBytes: number, cause?: unknown): BodyTooLargeError {
  return new BodyTooLargeError(
    `A compressed body of ${compressedBytes} bytes unpacks to more than the ${maxBytes} bytes that are allowed.`,
    { cause, details: { compressedBytes, maxBytes } },
  );
}

/** @internal */
export function isNoStream(format: string, cause?: unknown): DecodeError {
  return new DecodeError(`The body is not the ${format} stream that its compression header says, or it is cut short.`, {
    cause,
  });
}
