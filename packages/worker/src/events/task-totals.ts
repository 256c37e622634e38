/** How many tasks a worker has begun, since it was made (celery 5.6 worker/state.py, all_total_count and total_count). */
export class TaskTotals {
  readonly #byName = new Map<string, number>();
  #all = 0;

  get all(): number {
    return this.#all;
  }

  /** By their names. */
  get byName(): ReadonlyMap<string, number> {
    return this.#byName;
  }

  count(name: string): void {
    this.#all += 1;
    this.#byName.set(name, (this.#byName.get(name) ?? 0) + 1);
  }
}
