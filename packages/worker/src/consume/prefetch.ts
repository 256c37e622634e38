import { type Logger, toError } from '@ctq/runtime';
import type { TaskRequest } from '../execute/task-request.js';
import { PrefetchWindow, type PrefetchWindowOptions } from './prefetch-window.js';

export interface PrefetchOptions extends PrefetchWindowOptions {
  /** Tells the broker; undefined while nothing is consumed. */
  readonly change: (count: number) => Promise<void> | undefined;
  /** `workerEnablePrefetchCountReduction`. */
  readonly reduces: boolean;
  readonly logger: Logger;
}

/** How many messages the broker is asked for, and what it knows of those that are here. */
export class Prefetch {
  readonly #options: PrefetchOptions;
  readonly #window: PrefetchWindow;
  /** They were running when the connection was lost, and still are: the broker does not count them any more. */
  readonly #stale = new Set<TaskRequest>();

  constructor(options: PrefetchOptions) {
    this.#options = options;
    this.#window = new PrefetchWindow(options);
  }

  /** What to begin with. */
  get count(): number {
    return this.#window.count;
  }

  /** The most that is ever asked for without an ETA. */
  get most(): number {
    return this.#window.most;
  }

  /** The pool has another size. */
  resized(): void {
    this.#tell();
  }

  /** One more waits for its time, on top of the others. */
  hold(): void {
    this.#window.hold();
    this.#tell();
  }

  release(): void {
    this.#window.release();
    this.#tell();
  }

  /** Those are somebody else's by now. */
  forget(held: number): void {
    for (let left = held; left > 0; left -= 1) this.#window.release();
  }

  finished(request: TaskRequest): void {
    const isOtherwise = this.#window.onFinished();
    if (this.#stale.delete(request) && this.#options.reduces) this.#restore();
    else if (isOtherwise) this.#tell();
  }

  /** Running tasks still take slots, and the broker counts them no longer: as many messages less are asked for. */
  lost(running: readonly TaskRequest[], isDraining: boolean): void {
    this.#stale.clear();
    for (const request of running) this.#stale.add(request);
    if (!this.#options.reduces || isDraining) return;
    const { whole } = this.#window;
    this.#window.stale = this.#stale.size;
    const { count } = this.#window;
    if (count === whole) return;
    this.#options.logger.info(
      `Temporarily reducing the prefetch count to ${count} to avoid over-fetching since ${running.length} tasks are currently being processed.\n` +
        `The prefetch count will be gradually restored to ${whole} as the tasks complete processing.`,
    );
    this.#tell();
  }

  /**
   * Nothing has started for a while: asks for what can start and nothing more. Resolves with how many of those that wait may go back: the broker would deliver others
   * here again at once, in place of tasks that were acknowledged before they ran, or for slots that are being added.
   */
  async narrow(waiting: number, unfinished: readonly TaskRequest[]): Promise<number> {
    if (this.#options.multiplier === 0) return 0;
    if (this.#window.narrow()) await this.#change();
    const { startable } = this.#window;
    const counted = unfinished.filter((request) => !request.delivery.isSettled && !this.#stale.has(request));
    return Math.max(0, waiting + counted.length - startable);
  }

  #restore(): void {
    const wasReduced = this.#window.count < this.#window.whole;
    this.#window.stale = this.#stale.size;
    if (wasReduced && this.#window.count === this.#window.whole)
      this.#options.logger.info('Resuming normal operations following a restart.');
    this.#tell();
  }

  #tell(): void {
    void this.#change();
  }

  /** Never rejects. */
  async #change(): Promise<void> {
    try {
      await this.#options.change(this.#window.count);
    } catch (error) {
      this.#options.logger.warn({ err: toError(error) }, "Couldn't change the prefetch count");
    }
  }
}
