import { ConfigurationError } from '../errors/ctq-error.js';
import { nearestName } from '../text/nearest-name.js';

/**
 * Refuses options that an adapter does not have, so that a misspelt one is noticed.
 * @throws ConfigurationError with the nearest name.
 */
export function assertKnownOptions(
  adapter: string,
  options: Readonly<Record<string, unknown>>,
  known: readonly string[],
): void {
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    const nearest = nearestName(name, known);
    const hint = nearest === undefined ? `It has: ${known.join(', ')}.` : `Did you mean '${nearest}'?`;
    throw new ConfigurationError('CTQ_UNKNOWN_OPTION', `${adapter} has no option '${name}'. ${hint}`, {
      details: { option: name },
    });
  }
}

/** Options whose names may be written as Python writes them: `visibility_timeout` is `visibilityTimeout`. */
export function camelCaseOptions(options: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(options).map(([name, value]) => [
      name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      value,
    ]),
  );
}
