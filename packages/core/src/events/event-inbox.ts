import { type Clock, Deque, type Timer } from '@ctq/runtime';

export interface EventInboxOptions {
  readonly clock: Clock;
  /** Beyond it the oldest are lost. */
  readonly capacity: number;
  /** `next` gives up when nothing has come for so long. */
  readonly timeoutMs: number;
  readonly onLost: () => void;
}

/** Events on their way to somebody who takes them one after the other, in his own time. */
export class EventInbox<Event> {
  readonly #options: EventInboxOptions;
  readonly #events = new Deque<Event>();
  #wake: (() => void) | undefined;
  #isClosed = false;

  constructor(options: EventInboxOptions) {
    this.#options = options;
  }

  put(event: Event): void {
    const { capacity, onLost } = this.#options;
    if (this.#events.size >= capacity) {
      this.#events.popFront();
      onLost();
    }
    this.#events.pushBack(event);
    this.#wake?.();
  }

  /** Undefined when nothing has come in time, or it was closed and is empty. One call at a time. */
  async next(): Promise<Event | undefined> {
    if (this.#events.size === 0 && !this.#isClosed) await this.#change();
    return this.#events.popFront();
  }

  /** Nothing comes any more. */
  close(): void {
    this.#isClosed = true;
    this.#wake?.();
  }

  #change(): Promise<void> {
    const { clock, timeoutMs } = this.#options;
    return new Promise((resolve) => {
      const timer: Timer = clock.setTimer(() => this.#wake?.(), timeoutMs);
      this.#wake = () => {
        this.#wake = undefined;
        timer.cancel();
        resolve();
      };
    });
  }
}
