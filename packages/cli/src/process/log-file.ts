import { closeSync, fstatSync, openSync, statSync, writeSync } from 'node:fs';
import { toError } from '@ctq/runtime';
import { UsageError } from '../usage-error.js';

/**
 * A file that lines are appended to. When it was moved away or deleted a new one is begun, so that nobody has to be told of a rotation (Python's
 * WatchedFileHandler).
 */
export class LogFile {
  readonly #path: string;
  readonly #instead: (text: string) => void;
  #file: number | undefined;

  /** @param instead gets what cannot be written. @throws UsageError for a file that cannot be opened. */
  constructor(path: string, instead: (text: string) => void) {
    this.#path = path;
    this.#instead = instead;
    try {
      this.#file = openSync(path, 'a');
    } catch (error) {
      throw new UsageError(`The log file ${path} cannot be opened: ${toError(error).message}`);
    }
  }

  write(text: string): void {
    try {
      writeSync(this.#current(), text);
    } catch {
      // The disk is full, the folder is gone: a worker works on.
      this.#instead(text);
    }
  }

  /** Idempotent. */
  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #current(): number {
    const there = statSync(this.#path, { throwIfNoEntry: false });
    const ours = this.#file === undefined ? undefined : fstatSync(this.#file);
    if (this.#file !== undefined && there?.ino === ours?.ino && there?.dev === ours?.dev) return this.#file;
    const file = openSync(this.#path, 'a');
    this.close();
    this.#file = file;
    return file;
  }
}
