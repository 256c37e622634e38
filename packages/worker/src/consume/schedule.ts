import { toError } from '@ctq/runtime';
import type { TaskRequest } from '../execute/task-request.js';
import type { Workplace } from '../execute/workplace.js';
import { type DueRequest, EtaShelf } from './eta-shelf.js';
import { ParkedRequests } from './parked-requests.js';

export interface ScheduleOptions {
  readonly workplace: Workplace;
  /** A message is held on top of the prefetch window, or is not any more. */
  readonly hold: () => void;
  readonly release: () => void;
  /** Its time has come. */
  readonly onDue: (request: TaskRequest) => void;
}

/** Requests that wait for their time: in the broker, where it can park them, else in this worker (WK-035). */
export class Schedule {
  readonly #options: ScheduleOptions;
  readonly #shelf: EtaShelf;
  readonly #parked: ParkedRequests;
  /** Set when the broker is known. */
  parks = false;

  constructor(options: ScheduleOptions) {
    this.#options = options;
    this.#shelf = new EtaShelf(options.workplace.clock);
    this.#parked = new ParkedRequests(options.workplace.clock);
  }

  /** How many wait here. */
  get held(): number {
    return this.#shelf.size;
  }

  /** Those that wait here, and those that this worker has parked as far as it knows. */
  get requests(): readonly DueRequest[] {
    return [...this.#shelf.requests, ...this.#parked.requests];
  }

  /** Resolves when it is parked; undefined where it waits here. */
  put(request: TaskRequest, dueAt: number): Promise<void> | undefined {
    if (this.parks) {
      this.#parked.add(request, dueAt);
      return this.park(request, dueAt);
    }
    this.#options.hold();
    this.#shelf.put(request, dueAt, () => {
      this.#options.release();
      this.#options.onDue(request);
    });
    return undefined;
  }

  /** In the broker, where it survives this worker. Never rejects. */
  async park({ delivery, name, message }: TaskRequest, dueAt: number): Promise<void> {
    try {
      await delivery.park(dueAt);
    } catch (error) {
      this.#parked.forget(message.id);
      this.#options.workplace.logger.error(
        { err: toError(error) },
        `Couldn't park ${name}[${message.id}] until it is due; it is delivered again`,
      );
    }
  }

  /** Its message is here again. */
  received({ message }: TaskRequest): void {
    this.#parked.forget(message.id);
  }

  /** Everything that waits here, the last one first. */
  clear(): readonly TaskRequest[] {
    return this.#shelf.clear();
  }

  /** Forgets those that are known to be somebody else's by now; returns how many. */
  forgetLost(): number {
    return this.#shelf.forgetLost();
  }
}
