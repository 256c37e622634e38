import type { Revocation } from '@ctq/core';

/** Ids that are not to be run, each with when that was said (celery 5.6 worker/state.py, revoked; utils/collections.py, LimitedSet._data). */
export type RevokedMap = Readonly<Record<string, readonly [at: number, id: string]>>;

/** No instant of today, but the time since a host was started: what workers of Python send. */
const firstInstant = 1_000_000_000;

/** Of roots and stamps other workers hear by the app's store; Celery's workers know ids alone. */
export function encodeRevoked(revocations: readonly Revocation[]): RevokedMap {
  const ids = revocations.flatMap((one) => ('id' in one ? [one] : []));
  return Object.fromEntries(ids.map(({ id, at }) => [id, [fractional(at / 1_000), id] as const]));
}

/** What cannot be read is left out. @param now in milliseconds since the epoch: what other hosts' clocks say beyond it, or in another count, was said now */
export function decodeRevoked(value: unknown, now: number): readonly Revocation[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([id, entry]: [string, unknown]) => {
    const seconds: unknown = Array.isArray(entry) ? entry[0] : entry;
    if (typeof seconds !== 'number') return [];
    return [{ id, at: seconds < firstInstant ? now : Math.min(now, Math.round(seconds * 1_000)) }];
  });
}

/** Python takes no whole numbers for these times (celery 5.6 utils/collections.py, LimitedSet.update), and JSON of JavaScript knows no others. */
function fractional(seconds: number): number {
  return Number.isInteger(seconds) ? seconds + 0.001 : seconds;
}
