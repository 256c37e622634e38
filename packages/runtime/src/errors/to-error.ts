import { inspect, types } from 'node:util';

/**
 * Anything can be thrown in JavaScript. Returns errors unchanged, those of another realm included, and wraps everything
 * else in an `Error` whose message shows the value and whose `cause` is the value.
 */
export function toError(thrown: unknown): Error {
  if (thrown instanceof Error || types.isNativeError(thrown)) return thrown;
  return new Error(`A value that is not an Error was thrown: ${describe(thrown)}`, { cause: thrown });
}

function describe(value: unknown): string {
  try {
    return inspect(value, {
      depth: 1,
      breakLength: Number.POSITIVE_INFINITY,
      maxStringLength: 200,
      customInspect: false,
    });
  } catch {
    // A proxy or a getter that throws.
    return typeof value;
  }
}
