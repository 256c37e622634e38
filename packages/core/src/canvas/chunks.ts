import { builtinNames } from './builtin-names.js';
import { mappedNode } from './mapped.js';
import type { ChunksNode, GroupNode } from './signature-node.js';

/** What is sent for a chunked task: a group of calls of which each runs the task for some of the items (celery 5.6 canvas.py, chunks.group). */
export function groupOfChunks({ task, items, size, options }: ChunksNode): GroupNode {
  const members: GroupNode['members'] = Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    mappedNode(builtinNames.starmap, task, items.slice(index * size, (index + 1) * size)),
  );
  return { kind: 'group', members, options, immutable: true };
}

export function isChunkSize(size: unknown): size is number {
  return typeof size === 'number' && Number.isInteger(size) && size > 0;
}

/** @throws RangeError for a size that holds nothing. */
export function checkedChunkSize(size: number): number {
  if (isChunkSize(size)) return size;
  throw new RangeError(`Chunks hold a whole number of items, 1 or more, not ${String(size)}.`);
}
