import { abortedState, type Kernel, type TaskAbort, TaskAbortedError, type TaskMessage } from '@ctq/core';
import { type Clock, type Logger, type Timer, toError } from '@ctq/runtime';

/** A task that may be aborted. */
export interface Abortable {
  readonly name: string;
  readonly message: TaskMessage;
  readonly abort: TaskAbort;
}

export interface AbortWatchOptions {
  readonly kernel: Kernel;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How soon a task hears that it is to leave. */
const lookMs = 1_000;

/** Looks for the state ABORTED of the running tasks that may be aborted: one read for all of them, and none while there are none. */
export class AbortWatch {
  readonly #options: AbortWatchOptions;
  readonly #watched = new Set<Abortable>();
  #timer: Timer | undefined;

  constructor(options: AbortWatchOptions) {
    this.#options = options;
  }

  /** Resolves when it is known whether it is to leave already: its signal is aborted then. To be ended with `forget`. */
  async watch(request: Abortable): Promise<void> {
    this.#watched.add(request);
    await this.#lookAt(request);
    this.#schedule();
  }

  forget(request: Abortable): void {
    this.#watched.delete(request);
    if (this.#watched.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#watched.size === 0) return;
    this.#timer = this.#options.clock.setTimer(
      () => {
        void Promise.all([...this.#watched].map((request) => this.#lookAt(request))).then(() => {
          this.#timer = undefined;
          this.#schedule();
        });
      },
      lookMs,
      { background: true },
    );
  }

  /** A store that is away is asked again next time. */
  async #lookAt(request: Abortable): Promise<void> {
    const { id } = request.message;
    try {
      const found = await this.#options.kernel.results.find(id);
      if (found?.status === abortedState && this.#watched.has(request)) request.abort.abort(new TaskAbortedError(id));
    } catch (error) {
      this.#options.logger.warn({ err: toError(error) }, `Couldn't look whether ${request.name}[${id}] was aborted`);
    }
  }
}
