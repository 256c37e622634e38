/** Shadow names come with messages, and there could be one for each of them. */
const mostNames = 1_000;

/** How many tasks of each name a worker has begun (celery 5.6 worker/state.py, total_count). */
export class TaskTotals {
  readonly #byName = new Map<string, number>();
  #all = 0;

  /** Of all names together. */
  get all(): number {
    return this.#all;
  }

  /** @param name As it is shown; where there are too many of those it counts under the name of its task. */
  add(name: string, task: string): void {
    this.#all += 1;
    const isNew = !this.#byName.has(name) && this.#byName.size >= mostNames;
    const counted = isNew ? task : name;
    this.#byName.set(counted, (this.#byName.get(counted) ?? 0) + 1);
  }

  /** By name, in the order in which each was seen first. */
  get byName(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#byName);
  }
}
