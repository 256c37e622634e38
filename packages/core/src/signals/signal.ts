import { type Clock, type Logger, toError } from '@ctq/runtime';
import { isThenable } from '../execute/is-thenable.js';

/** Something that happened. Receivers of one signal are given the same object, one after the other. */
export interface SignalEvent {
  /** Whom it is about: the name of a task, of an app, or of a worker, as the signal says. */
  readonly sender: string;
}

/** May be asynchronous: at moments of a task, the task waits for it. What it throws is logged; nothing else comes of it. */
export type Receiver<E extends SignalEvent> = (event: E) => unknown;

export interface ConnectOptions {
  /** Only what is about this one. A task stands for its name. */
  readonly sender?: string | { readonly taskName: string };
  /** Under the same id a second receiver is not connected (Celery's `dispatch_uid`). */
  readonly id?: string;
  /**
   * Calls a receiver that failed again, after 2, 4, 6, … 30 seconds, until it succeeds or the app is closed (celery 5.6 utils/dispatch/signal.py). Nobody waits
   * for more than its first call.
   */
  readonly retry?: boolean;
}

/** A moment that receivers can be connected to (Celery's signals). */
export interface Signal<E extends SignalEvent> {
  readonly name: string;
  /** Receivers are called in the order in which they were connected. Returns the function that disconnects this one. */
  connect(receiver: Receiver<E>, options?: ConnectOptions): () => void;
  /** By itself, or by the id it was connected under. Whether there was one. */
  disconnect(receiver: Receiver<E> | string): boolean;
  /** Whether anybody listens; with a sender, whether anybody listens to that one. */
  hasReceivers(sender?: string): boolean;
}

/** What receivers are called with beside the event. */
export interface SignalContext {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Aborted when the app is closed. */
  readonly closing: AbortSignal;
}

interface Connected<E extends SignalEvent> {
  readonly receiver: Receiver<E>;
  readonly sender: string | undefined;
  readonly id: string | undefined;
  readonly retry: boolean;
}

const retryPause = { firstMs: 2_000, stepMs: 2_000, maxMs: 30_000 };

/** A signal with the side on which it is sent. */
export class AppSignal<E extends SignalEvent> implements Signal<E> {
  readonly name: string;
  readonly #context: SignalContext;
  #connected: readonly Connected<E>[] = [];

  constructor(name: string, context: SignalContext) {
    this.name = name;
    this.#context = context;
  }

  connect(receiver: Receiver<E>, { sender, id, retry = false }: ConnectOptions = {}): () => void {
    if (typeof receiver !== 'function') throw new TypeError(`A receiver of the signal ${this.name} is a function.`);
    if (id !== undefined && this.#connected.some((one) => one.id === id)) return () => void this.disconnect(id);
    const one = { receiver, sender: typeof sender === 'object' ? sender.taskName : sender, id, retry };
    // A new list: one that is being gone through stays as it is.
    this.#connected = [...this.#connected, one];
    return () => {
      this.#connected = this.#connected.filter((other) => other !== one);
    };
  }

  disconnect(which: Receiver<E> | string): boolean {
    const before = this.#connected.length;
    this.#connected = this.#connected.filter(({ receiver, id }) => receiver !== which && id !== which);
    return this.#connected.length < before;
  }

  hasReceivers(sender?: string): boolean {
    if (this.#connected.length === 0 || sender === undefined) return this.#connected.length > 0;
    return this.#connected.some((one) => isFor(one, sender));
  }

  /**
   * Calls the receivers, one after the other; undefined when that is over at once. `event` is asked for only when somebody listens. Never throws or rejects.
   */
  send(sender: string, event: () => E): Promise<void> | undefined {
    if (!this.hasReceivers(sender)) return undefined;
    const matching = this.#connected.filter((one) => isFor(one, sender));
    return this.#callFrom(0, matching, event());
  }

  /** Calls the receivers, one after the other, where what they throw is the caller's business. */
  async ask(sender: string, event: () => E): Promise<void> {
    if (!this.hasReceivers(sender)) return;
    const made = event();
    for (const one of this.#connected) if (isFor(one, sender)) await one.receiver(made);
  }

  #callFrom(first: number, connected: readonly Connected<E>[], event: E): Promise<void> | undefined {
    for (let at = first; at < connected.length; at += 1) {
      const one = connected[at] as Connected<E>;
      try {
        const returned = one.receiver(event);
        if (!isThenable(returned)) continue;
        return Promise.resolve(returned)
          .catch((error: unknown) => this.#onFailed(one, event, error))
          .then(() => this.#callFrom(at + 1, connected, event));
      } catch (error) {
        this.#onFailed(one, event, error);
      }
    }
    return undefined;
  }

  #onFailed(one: Connected<E>, event: E, error: unknown): void {
    const { logger } = this.#context;
    const fields = { err: toError(error), signal: this.name, sender: event.sender };
    if (!one.retry) {
      logger.error(fields, `A receiver of the signal ${this.name} failed; nothing else comes of it`);
      return;
    }
    logger.error(fields, `A receiver of the signal ${this.name} failed; it is called again until it succeeds`);
    void this.#callAgain(one, event);
  }

  async #callAgain({ receiver }: Connected<E>, event: E): Promise<void> {
    const { clock, logger, closing } = this.#context;
    for (let pauseMs = retryPause.firstMs; !closing.aborted; pauseMs += retryPause.stepMs) {
      await clock.sleep(Math.min(pauseMs, retryPause.maxMs), closing).catch(() => undefined);
      if (closing.aborted) return;
      try {
        await receiver(event);
        return;
      } catch (error) {
        logger.warn({ err: toError(error), signal: this.name }, `A receiver of the signal ${this.name} failed again`);
      }
    }
  }
}

function isFor<E extends SignalEvent>(one: Connected<E>, sender: string): boolean {
  return one.sender === undefined || one.sender === sender;
}
