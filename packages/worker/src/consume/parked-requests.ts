import type { Clock } from '@ctq/runtime';
import type { TaskRequest } from '../execute/task-request.js';
import type { DueRequest } from './eta-shelf.js';

/** Each keeps the arguments of a call in memory, and whoever asks for them wants to read them. */
const most = { requests: 1_000, bytes: 8 * 1_024 * 1_024 };

/**
 * What this worker has parked in the broker until it is due, for those who ask what is scheduled. Nothing depends on it: another worker may be given the message
 * when it is due, and of many, or of large ones, only those that were parked last are remembered.
 */
export class ParkedRequests {
  readonly #clock: Clock;
  /** By id, those that were parked first in front. */
  readonly #parked = new Map<string, DueRequest>();
  #bytes = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(request: TaskRequest, dueAt: number): void {
    const { id } = request.message;
    this.forget(id);
    this.#parked.set(id, { request, dueAt });
    this.#bytes += request.source.body.byteLength;
    for (const oldest of this.#parked.keys()) {
      if (this.#parked.size <= most.requests && this.#bytes <= most.bytes) return;
      this.forget(oldest);
    }
  }

  /** Its message is here again, or was not parked after all. */
  forget(id: string): void {
    const parked = this.#parked.size === 0 ? undefined : this.#parked.get(id);
    if (parked === undefined) return;
    this.#parked.delete(id);
    this.#bytes -= parked.request.source.body.byteLength;
  }

  /** Those whose time has not come. */
  get requests(): readonly DueRequest[] {
    const now = this.#clock.now();
    for (const [id, { dueAt }] of this.#parked) if (dueAt <= now) this.forget(id);
    return [...this.#parked.values()];
  }
}
