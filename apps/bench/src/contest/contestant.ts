import type { Site } from '../site.js';

/** What a process of the comparison is told to do. */
export type Order = SendOrder | WorkOrder;

/** `one-by-one` awaits each, `in-flight` has 64 under way, `bulk` sends a thousand in one call, `round-trips` waits for each result. */
export interface SendOrder {
  readonly what: 'one-by-one' | 'in-flight' | 'bulk' | 'round-trips';
  readonly count: number;
}

export interface WorkOrder {
  readonly what: 'work';
  readonly concurrency: number;
  /** Messages that it may hold; as it likes where it is not said. */
  readonly prefetch?: number;
  readonly count: number;
}

/** What it measured. */
export interface Measured {
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** Resident memory at the end. */
  readonly residentMiB: number;
  readonly tripsMs: readonly number[];
}

/** Processes of one contender. */
export interface Contestant {
  /** The ways of publishing that it has, the fastest last. */
  readonly sends: readonly SendOrder['what'][];
  /** Resolves when it has done so and ended. */
  send(site: Site, order: SendOrder): Promise<Measured>;
  /** Resolves when it takes tasks. */
  work(site: Site, order: WorkOrder): Promise<Working>;
}

export interface Working {
  /** Resolves when it has run all of them and ended. */
  readonly measured: Promise<Measured>;
  /** Ends it, however much it has run. */
  stop(): Promise<void>;
}
