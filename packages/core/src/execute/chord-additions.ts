/** What one run of a task adds to its chord. */
export interface ChordAddition {
  readonly signature: unknown;
  /** Whoever adds it sends it. */
  readonly lazy: boolean;
  /** Of the same run. */
  readonly additions: ChordAdditions;
}

/** Tells apart what one run of a task has added that is otherwise the same. */
export class ChordAdditions {
  readonly #counts = new Map<string, number>();

  /** How many of that kind there are with this one. */
  count(digest: string): number {
    const count = (this.#counts.get(digest) ?? 0) + 1;
    this.#counts.set(digest, count);
    return count;
  }

  /** The last one was not added after all. */
  takeBack(digest: string): void {
    this.#counts.set(digest, (this.#counts.get(digest) ?? 1) - 1);
  }
}
