import { builtinNames } from './builtin-names.js';
import type { SerializedSignature } from './serialized-signature.js';
import type { TaskNode } from './signature-node.js';

/** The names of their kinds on the wire (celery 5.6 canvas.py, xmap and xstarmap). */
const kinds: ReadonlyMap<string, string> = new Map([
  [builtinNames.map, 'xmap'],
  [builtinNames.starmap, 'xstarmap'],
]);

/**
 * One call that runs a task for each item, one after the other, on one worker. It has all its arguments: nothing comes in front of them (celery 5.6
 * canvas.py, _basemap).
 */
export function mappedNode(
  name: typeof builtinNames.map | typeof builtinNames.starmap,
  task: SerializedSignature,
  items: Iterable<unknown>,
): TaskNode {
  return { kind: 'task', task: name, args: [], kwargs: { task, it: [...items] }, options: {}, immutable: true };
}

/** `subtask_type` of a task's signature; null for all but those that map. */
export function subtaskTypeOf({ task }: TaskNode): string | null {
  return kinds.get(task) ?? null;
}

/** The name by which a call is routed: one that maps goes where the task goes that it runs. */
export function routeNameOf({ task, kwargs }: TaskNode): string | undefined {
  if (!kinds.has(task)) return undefined;
  const mapped = kwargs['task'];
  const name: unknown = typeof mapped === 'object' && mapped !== null && 'task' in mapped ? mapped.task : undefined;
  return typeof name === 'string' ? name : undefined;
}
