/** Names come with messages, and there could be one for each of them. */
const mostNames = 1_000;

/** How many tasks a worker has begun, since it was made (celery 5.6 worker/state.py, all_total_count and total_count). */
export class TaskTotals {
  readonly #byName = new Map<string, number>();
  #all = 0;

  get all(): number {
    return this.#all;
  }

  /** By their names, in the order in which each was seen first. */
  get byName(): ReadonlyMap<string, number> {
    return this.#byName;
  }

  /** @param shown The name that it is shown by: it counts under it, unless there are too many of them. */
  count(name: string, shown: string = name): void {
    this.#all += 1;
    const isTooMany = !this.#byName.has(shown) && this.#byName.size >= mostNames;
    const counted = isTooMany ? name : shown;
    this.#byName.set(counted, (this.#byName.get(counted) ?? 0) + 1);
  }
}
