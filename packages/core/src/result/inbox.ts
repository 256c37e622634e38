import { deferred, type Deferred } from '@ctq/runtime';

/** What comes in while a loop is busy, in its order. Of a limited one the oldest is dropped when it is full. */
export class Inbox<T> {
  readonly #limit: number;
  readonly #items: T[] = [];
  #failure: { readonly error: unknown } | undefined;
  #waiting: Deferred<void> | undefined;

  constructor(limit: number = Number.POSITIVE_INFINITY) {
    this.#limit = limit;
  }

  push(item: T): void {
    if (this.#items.length >= this.#limit) this.#items.shift();
    this.#items.push(item);
    this.#wake();
  }

  /** Nothing comes any more; who waits is told once everything is taken. The first word stands. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#wake();
  }

  /** The next item, for one loop at a time. */
  async next(): Promise<T> {
    for (;;) {
      if (this.#items.length > 0) return this.#items.shift() as T;
      if (this.#failure !== undefined) throw this.#failure.error;
      this.#waiting = deferred<void>();
      await this.#waiting.promise;
    }
  }

  #wake(): void {
    this.#waiting?.resolve();
    this.#waiting = undefined;
  }
}
