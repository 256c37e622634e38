import { type Deferred, deferred } from './deferred.js';

export interface BatcherOptions {
  /** The most items that one flush is given. Default 500. */
  readonly maxItems?: number;
}

interface Batch<Item> {
  readonly items: Item[];
  readonly flushed: Deferred<void>;
  /** Its turn of the event loop is over, or it is full: it may be flushed as soon as the one before it is through. */
  isDue: boolean;
}

/**
 * Gathers what is added during one turn of the event loop and hands it over in one call, so that a hot path costs a
 * round trip per batch and not per message. One flush is under way at a time; what arrives meanwhile is the next batch,
 * however many turns that takes. A full batch does not wait for the end of the turn. Order is kept.
 *
 * A batch that waits keeps the process alive. An error that no caller of `add` listens to is dropped.
 */
export class Batcher<Item> {
  readonly #flush: (items: readonly Item[]) => Promise<void>;
  readonly #maxItems: number;
  /** In order; all but the last are full. */
  readonly #waiting: Batch<Item>[] = [];
  #underWay: Batch<Item> | undefined;

  constructor(flush: (items: readonly Item[]) => Promise<void>, options: BatcherOptions = {}) {
    const { maxItems = 500 } = options;
    if (!(maxItems >= 1)) throw new RangeError(`maxItems must be at least 1, not ${maxItems}.`);
    this.#flush = flush;
    this.#maxItems = maxItems;
  }

  /** Resolves when the batch that holds the item was flushed; rejects with that flush's error. */
  add(item: Item): Promise<void> {
    const last = this.#waiting.at(-1);
    const batch = last !== undefined && last.items.length < this.#maxItems ? last : this.#openBatch();
    batch.items.push(item);
    if (batch.items.length >= this.#maxItems) this.#makeDue(batch);
    return batch.flushed.promise;
  }

  /**
   * Flushes without waiting for the end of the turn. Resolves when everything that was added before the call is flushed;
   * never rejects (each `add` carries its own error).
   */
  async drain(): Promise<void> {
    const last = this.#waiting.at(-1) ?? this.#underWay;
    if (last === undefined) return;
    this.#makeDue(last);
    await last.flushed.promise.catch(() => undefined);
  }

  #openBatch(): Batch<Item> {
    const batch: Batch<Item> = { items: [], flushed: deferred(), isDue: false };
    batch.flushed.promise.catch(() => undefined);
    this.#waiting.push(batch);
    setImmediate(() => this.#makeDue(batch));
    return batch;
  }

  #makeDue(batch: Batch<Item>): void {
    batch.isDue = true;
    // Never rejects: each batch takes its own error.
    if (this.#underWay === undefined) void this.#flushDue();
  }

  async #flushDue(): Promise<void> {
    while (this.#waiting[0]?.isDue) {
      const batch = this.#waiting.shift();
      if (batch === undefined) break;
      // Set before the call: `flush` may add to this very batcher.
      this.#underWay = batch;
      try {
        await this.#flush(batch.items);
        batch.flushed.resolve();
      } catch (error) {
        batch.flushed.reject(error);
      }
      this.#underWay = undefined;
    }
  }
}
