import type { AppConnectionChange } from '@ctq/core';

/** What a monitor says of its connection to the broker (celery 5.6 events/dumper.py, CONNECTION_ERROR and evdump). */
export function connectionLines({
  purpose,
  event,
  url,
  error,
  retryInMs = 0,
}: Pick<AppConnectionChange, 'purpose' | 'event' | 'url' | 'error' | 'retryInMs'>): readonly string[] {
  if (purpose !== 'consume') return [];
  if (event === 'lost') return ['-> Connection lost, attempting reconnect'];
  if (event !== 'retry-later' && event !== 'failover') return [];
  return [`-> Cannot connect to ${url}: ${error?.message ?? 'nobody answered'}.`, `Trying again ${soon(retryInMs)}\n`];
}

const units = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
] as const;

/** celery 5.6 utils/time.py, humanize_seconds. */
function soon(ms: number): string {
  for (const [unit, unitMs] of units) {
    const count = ms / unitMs;
    if (count >= 1) return `in ${count.toFixed(2)} ${unit}${count === 1 ? '' : 's'}`;
  }
  return 'now';
}
