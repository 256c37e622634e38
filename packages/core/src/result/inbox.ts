import { deferred, type Deferred, Deque } from '@ctq/runtime';

interface Arrived<T> {
  readonly item: T;
  /** Its place among all that came in. */
  readonly place: number;
}

/** What comes in while a loop is busy, in its order. Of a limited one the oldest is dropped when it is full, of those that may be. */
export class Inbox<T> {
  readonly #limit: number;
  readonly #items = new Deque<Arrived<T>>();
  readonly #kept = new Deque<Arrived<T>>();
  #arrivals = 0;
  #failure: { readonly error: unknown } | undefined;
  #waiting: Deferred<void> | undefined;

  /** @param limit of what may be dropped. */
  constructor(limit: number = Number.POSITIVE_INFINITY) {
    this.#limit = limit;
  }

  push(item: T): void {
    if (this.#items.size >= this.#limit) this.#items.popFront();
    this.#add(this.#items, item);
  }

  /** The same for what may not be dropped. */
  keep(item: T): void {
    this.#add(this.#kept, item);
  }

  /** Nothing comes any more; who waits is told once everything is taken. The first word stands. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#wake();
  }

  /** The next item, for one loop at a time. */
  async next(): Promise<T> {
    for (;;) {
      const arrived = this.#first();
      if (arrived !== undefined) return arrived.item;
      if (this.#failure !== undefined) throw this.#failure.error;
      this.#waiting = deferred<void>();
      await this.#waiting.promise;
    }
  }

  #add(items: Deque<Arrived<T>>, item: T): void {
    items.pushBack({ item, place: this.#arrivals });
    this.#arrivals += 1;
    this.#wake();
  }

  #first(): Arrived<T> | undefined {
    const [item, kept] = [this.#items.front, this.#kept.front];
    if (item === undefined || (kept !== undefined && kept.place < item.place)) return this.#kept.popFront();
    return this.#items.popFront();
  }

  #wake(): void {
    this.#waiting?.resolve();
    this.#waiting = undefined;
  }
}
