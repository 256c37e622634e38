import { nearestName } from '@ctq/runtime';

const pickleName = 'pickle';
const pickleType = 'application/x-python-serialize';

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
  const available = `Available: ${known.join(', ')}.`;
  if (kind === 'serializer' && (name === pickleName || name === pickleType)) {
    return (
      'Pickles are refused: in Python they run the code of whoever wrote them. ' +
      "To read those of plain data, without running anything, give the app createPickleReader() of '@ctq/messaging/pickle': " +
      `new Ctq(name, { serializers: [createPickleReader()], acceptContent: ['json', 'pickle'] }). ${available}`
    );
  }
  const nearest = nearestName(name, known);
  const hint = nearest === undefined ? '' : ` Did you mean ${nearest}?`;
  return `There is no ${kind} called ${JSON.stringify(name.slice(0, 80))}.${hint} ${available}`;
}

/** A content type with the name that people know it by, where no serializer tells it: `application/x-python-serialize (pickle)`. @internal */
export function describeContentType(contentType: string): string {
  return contentType === pickleType ? `${contentType} (${pickleName})` : contentType.slice(0, 80);
}
