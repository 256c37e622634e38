import type { Clock, Timer } from '@ctq/runtime';
import type { TaskRequest } from '../execute/task-request.js';

/** A request that waits for its time. */
export interface DueRequest {
  readonly request: TaskRequest;
  /** In milliseconds since the epoch. */
  readonly dueAt: number;
}

/** Holds requests until they are due, for transports that cannot park a message (celery 5.6 worker/consumer/consumer.py, apply_eta_task). */
export class EtaShelf {
  readonly #clock: Clock;
  readonly #timers = new Map<TaskRequest, { readonly timer: Timer; readonly dueAt: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  put(request: TaskRequest, dueAt: number, onDue: () => void): void {
    const timer = this.#clock.setTimer(() => {
      this.#timers.delete(request);
      onDue();
    }, dueAt - this.#clock.now());
    this.#timers.set(request, { timer, dueAt });
  }

  /** What is here, and when it is due, in milliseconds since the epoch. */
  get requests(): readonly DueRequest[] {
    return [...this.#timers].map(([request, { dueAt }]) => ({ request, dueAt }));
  }

  get size(): number {
    return this.#timers.size;
  }

  /** Forgets those that are known to be somebody else's by now; returns how many. */
  forgetLost(): number {
    const lost = [...this.#timers].filter(([{ delivery }]) => delivery.isHeld() === false);
    for (const [request, { timer }] of lost) {
      timer.cancel();
      this.#timers.delete(request);
    }
    return lost.length;
  }

  /** Everything that is not due yet, the last one first. */
  clear(): readonly TaskRequest[] {
    const requests = [...this.#timers.keys()].reverse();
    for (const { timer } of this.#timers.values()) timer.cancel();
    this.#timers.clear();
    return requests;
  }
}
