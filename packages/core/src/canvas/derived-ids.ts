import { createHash } from 'node:crypto';

/** Makes an id. */
export type NewId = () => string;

/**
 * The same ids in the same order whenever it is asked for the same origin: for what a task sends that has no ids yet (links, errbacks, what it is replaced by), so that a task that is
 * delivered twice sends it twice under one id. UUIDs of version 8 (RFC 9562): bits of a hash.
 */
export function derivedIds(...origin: readonly (string | number)[]): NewId {
  let count = 0;
  return () => {
    count += 1;
    const hash = createHash('sha256')
      .update(JSON.stringify([...origin, count]))
      .digest();
    hash[6] = (Number(hash[6]) & 0x0f) | 0x80;
    hash[8] = (Number(hash[8]) & 0x3f) | 0x80;
    const hex = hash.toString('hex', 0, 16);
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
  };
}
