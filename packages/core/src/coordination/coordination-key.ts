/** Before every key of what apps coordinate over a key-value store. */
const coordinationPrefix = 'ctq.coordination.';

/** What is coordinated; each has keys of its own. */
export type CoordinationArea =
  | 'unique'
  | 'replaced'
  | 'decided'
  | 'crashes'
  | 'revoked'
  | 'limit'
  | 'turn'
  | 'chord'
  | 'chain';

/** The key of one thing in an area. Not of one app: whoever shares the store, and the names of tasks, shares it. */
export function coordinationKey(area: CoordinationArea, name: string): string {
  return `${coordinationPrefix}${area}.${name}`;
}
