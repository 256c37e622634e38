import type { Clock } from '@ctq/runtime';

export interface ExpiringIdsOptions {
  /** The oldest go when there are more. */
  readonly max: number;
  readonly expiresMs: number;
  readonly clock: Clock;
}

/** Ids that are remembered for a while, and not without end (celery 5.6 utils/collections.py, LimitedSet). */
export class ExpiringIds {
  readonly #options: ExpiringIdsOptions;
  /** When each was added, the oldest first. */
  readonly #addedAt = new Map<string, number>();

  constructor(options: ExpiringIdsOptions) {
    this.#options = options;
  }

  get size(): number {
    this.#forgetOld();
    return this.#addedAt.size;
  }

  /** @param at In milliseconds since the epoch; by default now. */
  add(id: string, at: number = this.#options.clock.now()): void {
    this.#addedAt.delete(id);
    this.#addedAt.set(id, at);
    if (this.#addedAt.size <= this.#options.max) return;
    for (const oldest of this.#addedAt.keys()) {
      this.#addedAt.delete(oldest);
      return;
    }
  }

  has(id: string): boolean {
    const addedAt = this.#addedAt.get(id);
    return addedAt !== undefined && addedAt + this.#options.expiresMs > this.#options.clock.now();
  }

  delete(id: string): void {
    this.#addedAt.delete(id);
  }

  /** Each with when it was added, the oldest first. */
  entries(): readonly (readonly [id: string, addedAt: number])[] {
    this.#forgetOld();
    return [...this.#addedAt];
  }

  #forgetOld(): void {
    for (const id of this.#addedAt.keys()) if (!this.has(id)) this.#addedAt.delete(id);
  }
}
