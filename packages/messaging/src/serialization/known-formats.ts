import { nearestName } from '@ctq/runtime';

/**
 * Formats that Kombu has and this version has not: name → content type (kombu 5.6 serialization.py and compression.py).
 */
const unavailableFormats: ReadonlyMap<string, string> = new Map([
  ['yaml', 'application/x-yaml'],
  ['pickle', 'application/x-python-serialize'],
  ['bzip2', 'application/x-bz2'],
  ['bzip', 'application/x-bz2'],
  ['lzma', 'application/x-lzma'],
  ['xz', 'application/x-lzma'],
  ['zstd', 'application/zstd'],
  ['zstandard', 'application/zstd'],
]);

/**
 * Why a serializer or compressor is not found, and what to do: for the message of an error.
 *
 * @internal
 */
export function describeUnknownFormat(
  kind: 'serializer' | 'compressor',
  name: string,
  known: readonly string[],
): string {
  const kombuName = unavailableFormats.has(name)
    ? name
    : [...unavailableFormats].find(([, type]) => type === name)?.[0];
  const available = `Available: ${known.join(', ')}.`;
  if (kombuName !== undefined) {
    return (
      `The ${kind} ${kombuName} is not available in this version of ctq. ${available} ` +
      `One of your own can be given to the app: new Ctq(name, { ${kind}s: […] }).`
    );
  }
  const nearest = nearestName(name, known);
  const hint = nearest === undefined ? '' : ` Did you mean ${nearest}?`;
  return `There is no ${kind} called ${JSON.stringify(name.slice(0, 80))}.${hint} ${available}`;
}

/** A content type with the name that people know it by: `application/x-yaml (yaml)`. @internal */
export function describeContentType(contentType: string): string {
  const name = [...unavailableFormats].find(([, type]) => type === contentType)?.[0];
  return name === undefined ? contentType.slice(0, 80) : `${contentType} (${name})`;
}
