import type { Entry, Journal } from './journal.js';

/** SIGKILL of a worker, of a slot or of the broker; or SIGTERM of a worker. */
export type BlowKind = 'worker' | 'slot' | 'broker' | 'restart';

export interface Blow {
  readonly kind: BlowKind;
  /** Wall clock, in milliseconds. */
  readonly at: number;
  /** Who was killed. */
  readonly process?: number;
  /** In whose middle a thread ended itself. */
  readonly task?: number;
}

/** Milliseconds from a blow until what it had interrupted began again, each task of it; of a broker: until any task began. */
export function recoveries(blow: Blow, { starts, ends }: Pick<Journal, 'starts' | 'ends'>): readonly number[] {
  if (blow.kind === 'restart') return [];
  if (blow.kind === 'broker') {
    const later = [...starts.values()].flat().filter(({ at }) => at > blow.at);
    return later.length === 0 ? [] : [Math.min(...later.map(({ at }) => at)) - blow.at];
  }
  return [...starts].flatMap(([n, entries]) => {
    const index = entries.findLastIndex((entry) => entry.at <= blow.at && isHit(blow, entry));
    const again = entries[index + 1];
    if (index === -1 || again === undefined || wasDone(entries[index], ends.get(n), blow.at)) return [];
    return [again.at - blow.at];
  });
}

function isHit({ process, task }: Blow, entry: Entry): boolean {
  return process === undefined ? entry.n === task : entry.process === process || entry.parent === process;
}

/** Whether it had come to its end before the blow: it is not begun again because of that, or only since nobody had heard of its end. */
function wasDone(started: Entry | undefined, ends: readonly Entry[] = [], before: number): boolean {
  return ends.some(({ process, at }) => process === started?.process && at < before);
}
