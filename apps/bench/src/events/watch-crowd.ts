import { Ctq } from '@ctq/core';
import { ClusterState, EventReceiver } from '@ctq/core/events';
import { percentile } from '../measure.js';

/** What was seen so far. */
export interface Watched {
  readonly events: number;
  /** How old events are when they are taken in, in ms. */
  readonly lagP50: number;
  readonly lagP99: number;
  readonly heapMiB: number;
  readonly workers: number;
  readonly tasks: number;
}

// A program: keeps the state of a cluster by its events, and says how far behind it is when it is asked.
const app = new Ctq('bench');
// What they say of when they were sent stays as it is: both sides have one clock.
const receiver = new EventReceiver(app, { wakeup: false, localize: false });
const state = new ClusterState();
const lags: number[] = [];
receiver.on('*', (event) => {
  state.event(event);
  if (typeof event.timestamp === 'number') lags.push(Date.now() - event.timestamp * 1_000);
});
process.on('message', () => {
  const watched: Watched = {
    events: lags.length,
    lagP50: percentile(lags, 50),
    lagP99: percentile(lags, 99),
    heapMiB: process.memoryUsage().heapUsed / 1_024 / 1_024,
    workers: state.workers.size,
    tasks: state.tasks.size,
  };
  process.send?.(watched);
});
process.once('disconnect', () => process.exit());
await receiver.start();
process.send?.('ready');
