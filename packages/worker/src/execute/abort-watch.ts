import { abortedState, TaskAbortedError } from '@ctq/core';
import { type Timer, toError } from '@ctq/runtime';
import type { TaskRequest } from './task-request.js';
import type { Workplace } from './workplace.js';

/** How soon a task hears that it is to leave. */
const lookMs = 1_000;

/** Looks for the state ABORTED of the running tasks that may be aborted: one read for all of them, and none while there are none. */
export class AbortWatch {
  readonly #workplace: Workplace;
  readonly #watched = new Set<TaskRequest>();
  #timer: Timer | undefined;

  constructor(workplace: Workplace) {
    this.#workplace = workplace;
  }

  /** Resolves when it is known whether it is to leave already: its signal is aborted then. To be ended with `forget`. */
  async watch(request: TaskRequest): Promise<void> {
    this.#watched.add(request);
    await this.#lookAt(request);
    this.#schedule();
  }

  forget(request: TaskRequest): void {
    this.#watched.delete(request);
    if (this.#watched.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#watched.size === 0) return;
    this.#timer = this.#workplace.clock.setTimer(
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
  async #lookAt(request: TaskRequest): Promise<void> {
    const { id } = request.message;
    try {
      const found = await this.#workplace.kernel.results.find(id);
      if (found?.status === abortedState && this.#watched.has(request)) request.abort.abort(new TaskAbortedError(id));
    } catch (error) {
      this.#workplace.logger.warn({ err: toError(error) }, `Couldn't look whether ${request.name}[${id}] was aborted`);
    }
  }
}
