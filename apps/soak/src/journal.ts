import { FollowedFile } from './followed-file.js';

/** An execution that began, was done, or ended its thread. */
export interface Entry {
  readonly n: number;
  readonly process: number;
  /** Who had started that process: the worker, where the process is a slot. */
  readonly parent: number;
  /** Wall clock, in milliseconds. */
  readonly at: number;
}

type What = 'start' | 'end' | 'exit';
type Entries = Readonly<Record<What, Map<number, Entry[]>>>;

/** How long something is waited for that has to come. */
const patienceMs = 180_000;

/** What the tasks of a soak have written, in their order. */
export class Journal {
  readonly #file: FollowedFile;
  readonly #entries: Entries = { start: new Map(), end: new Map(), exit: new Map() };

  constructor(path: string) {
    this.#file = new FollowedFile(path);
  }

  get path(): string {
    return this.#file.path;
  }

  /** Executions by the number of their task. */
  get starts(): ReadonlyMap<number, readonly Entry[]> {
    return this.#read().start;
  }

  get ends(): ReadonlyMap<number, readonly Entry[]> {
    return this.#read().end;
  }

  /** Resolves with an entry of a task, the first one unless it is said which. @throws Error when it does not come within three minutes. */
  async entry(what: What, n: number, count = 1): Promise<Entry> {
    for (const until = performance.now() + patienceMs; performance.now() < until; ) {
      const entry = this.#read()[what].get(n)?.[count - 1];
      if (entry !== undefined) return entry;
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    throw new Error(`Task ${n} has no ${what} number ${count} in the journal after ${patienceMs} ms.`);
  }

  close(): void {
    this.#file.close();
  }

  #read(): Entries {
    for (const line of this.#file.read()) this.#add(line.split(' '));
    return this.#entries;
  }

  #add([what = '', ...figures]: readonly string[]): void {
    const [n = 0, process = 0, parent = 0, at = 0] = figures.map(Number);
    const entries = this.#entries[what as What];
    const known = entries.get(n);
    const entry = { n, process, parent, at };
    if (known === undefined) entries.set(n, [entry]);
    else known.push(entry);
  }
}
