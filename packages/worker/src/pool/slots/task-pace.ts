/** A task is short when it takes no longer than this. */
const shortMs = 5;
/** Runs that have to be short, one after the other, before a task is known for it. */
const proofs = 8;
/** What a slot may have before it, in time and in number. */
const line = { ms: 10, length: 16 };

interface Pace {
  /** Short runs since the last long one. */
  readonly proofs: number;
  readonly averageMs: number;
}

/** How long tasks take, by name: short ones are given to a slot before it is done with the last one. */
export class TaskPace {
  readonly #paces = new Map<string, Pace>();

  /** It has run for so long. */
  note(task: string, runtimeMs: number): void {
    if (runtimeMs > shortMs) return this.isLong(task);
    const known = this.#paces.get(task);
    const averageMs = known === undefined ? runtimeMs : known.averageMs * 0.8 + runtimeMs * 0.2;
    this.#paces.set(task, { proofs: (known?.proofs ?? 0) + 1, averageMs });
  }

  /** It takes longer than it used to, or others cannot follow it at once. */
  isLong(task: string): void {
    this.#paces.delete(task);
  }

  /** How many of them a slot may have at a time, the one that runs included; 1 where they are not known to be short. */
  depthOf(task: string): number {
    const pace = this.#paces.get(task);
    if (pace === undefined || pace.proofs < proofs) return 1;
    return Math.max(1, Math.min(line.length, Math.floor(line.ms / Math.max(pace.averageMs, Number.EPSILON))));
  }
}
