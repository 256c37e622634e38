import { readField } from '../event-fields.js';

/** What workers tell of themselves, in the words and units of events (celery 5.6 events/state.py, Worker._fields). */
export interface WorkerFields {
  pid: number | null;
  /** Seconds between heartbeats. */
  freq: number;
  clock: number;
  active: number | null;
  processed: number | null;
  loadavg: readonly number[] | null;
  sw_ident: string | null;
  sw_ver: string | null;
  sw_sys: string | null;
}

/** A worker in the form of Celery's own snapshots, which JSON can carry. */
export interface WorkerSnapshot extends WorkerFields {
  readonly hostname: string;
  /** When it was heard of, in seconds since the epoch. */
  readonly heartbeats: readonly number[];
  /** How many events of each type. */
  readonly counts: Readonly<Record<string, number>>;
}

const fieldNames = ['pid', 'freq', 'clock', 'active', 'processed', 'loadavg', 'sw_ident', 'sw_ver', 'sw_sys'] as const;
const heartbeatsKept = 4;
/** A worker is taken for offline when nothing was heard of it for so many of its intervals. */
const intervalsAlive = 2;
/** In seconds. */
const mostDrift = 16;
/** Of how many types events are counted: who sends ever new ones must not fill the memory. */
const typesCounted = 64;

/** What is known of a worker from its events (celery 5.6 events/state.py, Worker). */
export class WorkerRecord {
  /** Node name. */
  readonly hostname: string;
  readonly #now: () => number;
  readonly #counts = new Map<string, number>();
  #heartbeats: number[] = [];
  readonly #fields: WorkerFields = {
    ...{ pid: null, freq: 60, clock: 0, active: null, processed: null, loadavg: null },
    ...{ sw_ident: null, sw_ver: null, sw_sys: null },
  };

  /** @param now seconds since the epoch */
  constructor(hostname: string, now: () => number) {
    this.hostname = hostname;
    this.#now = now;
  }

  /** What it has told of itself. */
  get fields(): Readonly<WorkerFields> {
    return this.#fields;
  }

  /** When it was heard of lately, in seconds since the epoch, the latest last. */
  get heartbeats(): readonly number[] {
    return this.#heartbeats;
  }

  /** How many events of each type. */
  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  /** By which a process of this name is told from the one before it. */
  get id(): string {
    return `${this.hostname}.${this.#fields.pid ?? 'None'}`;
  }

  get isAlive(): boolean {
    const last = this.#heartbeats.at(-1);
    return last !== undefined && this.#now() < last + this.#fields.freq * intervalsAlive;
  }

  /** Celery's word for it. */
  get status(): 'ONLINE' | 'OFFLINE' {
    return this.isAlive ? 'ONLINE' : 'OFFLINE';
  }

  toJSON(): WorkerSnapshot {
    return {
      ...{ hostname: this.hostname, ...this.#fields, heartbeats: [...this.#heartbeats] },
      counts: Object.fromEntries(this.#counts),
    };
  }

  /** Takes over what an event tells. Null and what is not of the field's type leave numbers that are needed as they were. */
  tell(fields: Readonly<Record<string, unknown>>): void {
    for (const name of fieldNames) {
      if (!Object.hasOwn(fields, name)) continue;
      const value = readField(name, fields[name]);
      if (value !== null || (name !== 'freq' && name !== 'clock')) Object.assign(this.#fields, { [name]: value });
    }
  }

  count(type: string): void {
    const before = this.#counts.get(type);
    if (before !== undefined || this.#counts.size < typesCounted) this.#counts.set(type, (before ?? 0) + 1);
  }

  /**
   * It was heard of. Both in seconds since the epoch: `at` is kept, `other` only compared with it.
   * @returns by how many seconds the two are apart, where that is too much
   */
  beat(at: number, other: number): number | undefined {
    const drift = Math.abs(Math.trunc(at) - Math.trunc(other));
    const beats = this.#heartbeats;
    if (beats.length >= heartbeatsKept) beats.shift();
    let index = beats.length;
    while (index > 0 && at < (beats[index - 1] ?? 0)) index -= 1;
    beats.splice(index, 0, at);
    return drift > mostDrift ? drift : undefined;
  }

  /** It has gone. */
  silence(): void {
    this.#heartbeats = [];
  }

  /** As it was when it was written, as far as that can be read. */
  restore(saved: Readonly<Record<string, unknown>>): void {
    this.tell(saved);
    const { heartbeats, counts } = saved;
    if (Array.isArray(heartbeats))
      this.#heartbeats = heartbeats
        .filter((one): one is number => Number.isFinite(one))
        .sort((a, b) => a - b)
        .slice(-heartbeatsKept);
    if (typeof counts !== 'object' || counts === null) return;
    for (const [type, count] of Object.entries(counts).slice(0, typesCounted))
      if (typeof count === 'number') this.#counts.set(type, count);
  }
}
