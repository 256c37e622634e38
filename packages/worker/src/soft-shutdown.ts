import { type Clock, Deadline, deferred } from '@ctq/runtime';

/** The time that tasks are left before a cold shutdown aborts them (celery 5.6 worker/worker.py, wait_for_soft_shutdown). */
export class SoftShutdown {
  readonly #deadline: Deadline;
  readonly #cut = deferred();
  #isOver = false;

  constructor(timeoutMs: number, clock: Clock) {
    this.#deadline = Deadline.after(timeoutMs, clock);
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Resolves when the work is done, the time is over, or somebody cut it short. */
  async wait(work: Promise<unknown>): Promise<void> {
    await this.#deadline.wait(Promise.race([work, this.#cut.promise]));
    this.#isOver = true;
  }

  cutShort(): void {
    this.#cut.resolve();
  }
}
