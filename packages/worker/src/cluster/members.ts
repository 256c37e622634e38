import type { Clock } from '@ctq/runtime';
import { ownIdent } from './software-info.js';

/** Another worker of the cluster, as its events tell of it. */
export interface Member {
  /** Node name. */
  readonly name: string;
  /** How often it tells that it is there. */
  readonly freqMs: number;
  /** Whether it is one of ctq. */
  readonly isOurs: boolean;
}

interface Seen extends Member {
  /** On the monotonic clock of this host: clocks of others may be wrong. */
  readonly seenAt: number;
}

/** celery 5.6 events/state.py, HEARTBEAT_EXPIRE_WINDOW: it is missed when it has not come for two of its intervals. */
const missedIntervals = 2;
/** Of events that do not tell (celery 5.6 events/state.py, Worker.freq: 60). */
const defaultFreqMs = 60_000;

/** The other workers that are there, by what was heard of them (celery 5.6 events/state.py, State.workers). */
export class Members {
  readonly #clock: Clock;
  readonly #seen = new Map<string, Seen>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Those that are not missed. */
  get alive(): readonly Member[] {
    return [...this.#seen.values()].filter((member) => !this.#isMissed(member));
  }

  /** Something was heard of it. True for the first time. */
  saw(name: string, event: Readonly<Record<string, unknown>>): boolean {
    const known = this.#seen.get(name);
    const { freq, sw_ident: ident } = event;
    const freqMs = typeof freq === 'number' && freq > 0 ? freq * 1_000 : (known?.freqMs ?? defaultFreqMs);
    const isOurs = ident === undefined ? (known?.isOurs ?? false) : ident === ownIdent;
    this.#seen.set(name, { name, freqMs, isOurs, seenAt: this.#clock.monotonic() });
    return known === undefined;
  }

  /** False for one that was not known. */
  forget(name: string): boolean {
    return this.#seen.delete(name);
  }

  /** Forgets those that are missed. */
  takeLost(): readonly string[] {
    const lost = [...this.#seen.values()].filter((member) => this.#isMissed(member));
    for (const { name } of lost) this.#seen.delete(name);
    return lost.map(({ name }) => name);
  }

  #isMissed({ seenAt, freqMs }: Seen): boolean {
    return seenAt + missedIntervals * freqMs < this.#clock.monotonic();
  }
}
