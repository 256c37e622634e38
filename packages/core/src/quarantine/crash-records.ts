import type { AtomicStore } from '../coordination/atomic-store.js';
import { coordinationKey } from '../coordination/coordination-key.js';

/** A run that was begun and of which no end is known. */
export interface MarkedRun {
  /** Unique among all runs. */
  readonly run: string;
  /** Node name of the worker. */
  readonly worker: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** Nothing else ran in the worker. */
  readonly isAlone: boolean;
}

/** A run in which the process, or the slot of a pool, ended. */
export interface Crash extends MarkedRun {
  /** When it was noticed, in milliseconds since the epoch. */
  readonly noticedAt: number;
  /** How it ended, where somebody saw it: the exit code or signal of a slot. */
  readonly exit?: string;
}

/** What is known of the runs of one call. */
export interface CrashRecord {
  readonly running?: MarkedRun;
  readonly crashes: readonly Crash[];
}

export interface FoundRecord {
  readonly record: CrashRecord;
  /** 0 where there is none. */
  readonly version: number;
}

/** After this nobody remembers: longer than a message waits between two of its runs, as a rule. */
const keptMs = 7 * 24 * 60 * 60_000;
const noRecord: FoundRecord = { record: { crashes: [] }, version: 0 };

/** Who began to run what, of calls that were delivered before, and how often that was the end of their process. In the app's key-value store. */
export class CrashRecords {
  readonly #store: () => Promise<AtomicStore>;

  constructor(store: () => Promise<AtomicStore>) {
    this.#store = store;
  }

  async find(id: string): Promise<FoundRecord> {
    const found = await (await this.#store()).getVersioned(keyOf(id));
    if (found === undefined) return noRecord;
    return { record: JSON.parse(new TextDecoder().decode(found.value)) as CrashRecord, version: found.version };
  }

  /** Resolves with the new version; with undefined when somebody else was first. */
  async put(id: string, version: number, record: CrashRecord): Promise<number | undefined> {
    const value = new TextEncoder().encode(JSON.stringify(record));
    return (await this.#store()).compareAndSet(keyOf(id), version, value, keptMs);
  }

  /** Resolves with whether it was still that version. */
  async remove(id: string, version: number): Promise<boolean> {
    return (await this.#store()).compareAndDelete(keyOf(id), version);
  }
}

const keyOf = (id: string): string => coordinationKey('crashes', id);
