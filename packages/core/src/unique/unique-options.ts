import type { Duration } from '@ctq/runtime';

/**
 * Where a unique call stands while its key is taken: in a queue (parked until its ETA or for a retry included), in a worker, or ended one way or the
 * other.
 */
export type UniqueState = 'waiting' | 'running' | 'succeeded' | 'failed';

/**
 * What becomes of a call whose key is taken.
 * - `return`: it is not sent, and its handle is one on the call that has the key;
 * - `drop`: it is not sent, and its handle has no result: `get` resolves with null;
 * - `replace`: it takes the place of a call that still waits, which ends as REVOKED; for one that does not wait it is `return`;
 * - `throw`: `UniqueConflictError`.
 */
export type OnConflict = 'return' | 'drop' | 'replace' | 'throw';

/** What makes two calls of a task the same: a text, or values that are compared as they would be sent. */
export type UniqueKey = string | readonly unknown[];

interface UniqueRules {
  /** How long a key is taken at most, from when the call is due. What has ended, or was lost, does not block for longer. Default 1 h. */
  readonly window?: Duration;
  /** As long as the call is in one of these its key is taken. In their order and without gaps; default `['waiting', 'running']`. */
  readonly states?: readonly UniqueState[];
  /** Default `return`. */
  readonly onConflict?: OnConflict;
}

/** How calls of a task are unique. */
export interface UniqueOptions<A extends readonly unknown[]> extends UniqueRules {
  /**
   * Of the arguments. Default: all of them, whatever the order of an object's members. Beside `bind` its parameters have to be annotated. A method, because a
   * function that takes less than everything is compared before the arguments of the task are known.
   */
  key?(...args: A): UniqueKey;
}

/** How one call is unique, over what its task says. */
export interface UniqueCallOptions extends UniqueRules {
  readonly key?: UniqueKey;
}

/** How a call met another one that had its key. */
export interface UniqueConflict {
  readonly outcome: 'returned' | 'dropped' | 'replaced';
  /** The other call. */
  readonly id: string;
}

/** A call that has met another one may have been sent all the same: in its place. */
export function wasSent(conflict: UniqueConflict | undefined): boolean {
  return conflict === undefined || conflict.outcome === 'replaced';
}
