import { type Deferred, deferred } from './deferred.js';

export interface BatcherOptions {
  /** The most items that one flush is given. Default 500. */
  readonly maxItems?: number;
  /** Flushes that may be under way at a time, begun in order: more than one where `flush` keeps to that order by itself. Default 1. */
  readonly maxUnderWay?: number;
  /** While nothing is under way a batch does not wait for the end of the turn but of the code that runs. Default false. */
  readonly isEager?: boolean;
}

interface Batch<Item> {
  readonly items: Item[];
  readonly flushed: Deferred<void>;
  /** Its turn of the event loop is over, or it is full: it may be flushed as soon as the one before it is through. */
  isDue: boolean;
}

/**
 * Gathers what is added during one turn of the event loop and hands it over in one call, so that a hot path costs a
 * round trip per batch and not per message. One flush (or as many as the options say) is under way at a time; what arrives meanwhile is the
 * next batch, however many turns that takes. A full batch does not wait for the end of the turn. Order is kept.
 *
 * A batch that waits keeps the process alive. An error that no caller of `add` listens to is dropped.
 */
export class Batcher<Item> {
  readonly #flush: (items: readonly Item[]) => Promise<void>;
  readonly #maxItems: number;
  readonly #maxUnderWay: number;
  readonly #isEager: boolean;
  /** In order; all but the last are full. */
  readonly #waiting: Batch<Item>[] = [];
  readonly #underWay = new Set<Batch<Item>>();

  constructor(flush: (items: readonly Item[]) => Promise<void>, options: BatcherOptions = {}) {
    const { maxItems = 500, maxUnderWay = 1, isEager = false } = options;
    if (!(maxItems >= 1)) throw new RangeError(`maxItems must be at least 1, not ${maxItems}.`);
    if (!(maxUnderWay >= 1)) throw new RangeError(`maxUnderWay must be at least 1, not ${maxUnderWay}.`);
    this.#flush = flush;
    this.#maxItems = maxItems;
    this.#maxUnderWay = maxUnderWay;
    this.#isEager = isEager;
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
    const last = this.#waiting.at(-1);
    const unfinished = [...this.#underWay, ...this.#waiting].map(({ flushed }) => flushed.promise);
    if (last !== undefined) this.#makeDue(last);
    await Promise.allSettled(unfinished);
  }

  #openBatch(): Batch<Item> {
    const batch: Batch<Item> = { items: [], flushed: deferred(), isDue: false };
    batch.flushed.promise.catch(() => undefined);
    this.#waiting.push(batch);
    const soon = this.#isEager && this.#underWay.size === 0 ? queueMicrotask : setImmediate;
    soon(() => this.#makeDue(batch));
    return batch;
  }

  #makeDue(batch: Batch<Item>): void {
    batch.isDue = true;
    this.#flushDue();
  }

  #flushDue(): void {
    while (this.#waiting[0]?.isDue === true && this.#underWay.size < this.#maxUnderWay) {
      const batch = this.#waiting.shift();
      // Never rejects: each batch takes its own error.
      if (batch !== undefined) void this.#flushOne(batch);
    }
  }

  async #flushOne(batch: Batch<Item>): Promise<void> {
    // Set before the call: `flush` may add to this very batcher.
    this.#underWay.add(batch);
    try {
      await this.#flush(batch.items);
      batch.flushed.resolve();
    } catch (error) {
      batch.flushed.reject(error);
    }
    this.#underWay.delete(batch);
    this.#flushDue();
  }
}
