import { closeSync, openSync, readSync } from 'node:fs';

/** A file to which other processes append lines. */
export class FollowedFile {
  readonly path: string;
  readonly #file: number;
  readonly #chunk = Buffer.alloc(1 << 20);
  #offset = 0;
  #rest = '';

  /** Makes the file where it is not there. */
  constructor(path: string) {
    this.path = path;
    this.#file = openSync(path, 'a+');
  }

  /** The whole lines that came since the last call. */
  read(): readonly string[] {
    const found: string[] = [];
    for (;;) {
      const count = readSync(this.#file, this.#chunk, 0, this.#chunk.length, this.#offset);
      if (count === 0) return found;
      this.#offset += count;
      const lines = (this.#rest + this.#chunk.toString('latin1', 0, count)).split('\n');
      this.#rest = lines.pop() ?? '';
      found.push(...lines);
    }
  }

  close(): void {
    closeSync(this.#file);
  }
}
