import type { Site } from '../site.js';
import type { WorkOrder } from './contestant.js';

/** A task queue for Node as the comparison uses it: one queue, one task that adds two numbers. */
export interface Contender {
  openProducer(site: Site): Promise<Producer>;
  /** Runs tasks, as many at a time as said, and calls `onTask` for each when it runs. Takes the first one when it is open. */
  openWorker(site: Site, work: WorkOrder, onTask: () => void): Promise<AsyncDisposable>;
}

export interface Producer extends AsyncDisposable {
  /** Resolves when the server has it. */
  send(n: number): Promise<unknown>;
  /** By the contender's fastest way for many. */
  sendAll(first: number, count: number): Promise<unknown>;
  /** Sends one and waits for its result. */
  roundTrip(n: number): Promise<unknown>;
}
