import { closeSync, openSync, readSync } from 'node:fs';

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
  readonly path: string;
  readonly #file: number;
  readonly #entries: Entries = { start: new Map(), end: new Map(), exit: new Map() };
  readonly #chunk = Buffer.alloc(1 << 20);
  #offset = 0;
  #rest = '';

  constructor(path: string) {
    this.path = path;
    this.#file = openSync(path, 'a+');
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
    closeSync(this.#file);
  }

  #read(): Entries {
    for (;;) {
      const count = readSync(this.#file, this.#chunk, 0, this.#chunk.length, this.#offset);
      if (count === 0) return this.#entries;
      this.#offset += count;
      const lines = (this.#rest + this.#chunk.toString('latin1', 0, count)).split('\n');
      this.#rest = lines.pop() ?? '';
      for (const line of lines) this.#add(line.split(' '));
    }
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
