import type { Clock } from '@ctq/runtime';
import type { TaskRequest } from '../execute/task-request.js';
import type { DueRequest } from './eta-shelf.js';

/** Each keeps the arguments of a call in memory, and whoever asks for them wants to read them. */
const mostRemembered = 1_000;

/**
 * What this worker has parked in the broker until it is due, for those who ask what is scheduled. Nothing depends on it: another worker may be given the message
 * when it is due, and of many only those that were parked last are remembered.
 */
export class ParkedRequests {
  readonly #clock: Clock;
  readonly #parked = new Map<string, DueRequest>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(request: TaskRequest, dueAt: number): void {
    const { id } = request.message;
    this.#parked.delete(id);
    this.#parked.set(id, { request, dueAt });
    if (this.#parked.size <= mostRemembered) return;
    for (const oldest of this.#parked.keys()) return void this.#parked.delete(oldest);
  }

  /** Its message is here again, or was not parked after all. */
  forget(id: string): void {
    if (this.#parked.size > 0) this.#parked.delete(id);
  }

  /** Those whose time has not come. */
  get requests(): readonly DueRequest[] {
    const now = this.#clock.now();
    for (const [id, { dueAt }] of this.#parked) if (dueAt <= now) this.#parked.delete(id);
    return [...this.#parked.values()];
  }
}
