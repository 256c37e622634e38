import { type FSWatcher, watch } from 'node:fs';
import { FollowedFile } from '../followed-file.js';
import type { Noted } from './tasks.js';

/** What the tasks of workflows in other processes have noted, as it comes. */
export class WorkflowJournal {
  readonly #file: FollowedFile;
  readonly #watcher: FSWatcher;
  readonly #listeners = new Set<(noted: Noted) => void>();
  readonly #ran = new Map<string, Noted[]>();
  #count = 0;

  constructor(path: string) {
    this.#file = new FollowedFile(path);
    this.#watcher = watch(path, () => this.#read());
  }

  get path(): string {
    return this.#file.path;
  }

  /** How much was noted. */
  get count(): number {
    return this.#count;
  }

  ranOf(run: string): readonly Noted[] {
    return this.#ran.get(run) ?? [];
  }

  /** Resolves as soon as something is noted that is looked for. @throws the signal's reason */
  async next(isMeant: (noted: Noted) => boolean, signal: AbortSignal): Promise<Noted> {
    signal.throwIfAborted();
    return await new Promise((resolve, reject) => {
      const end = (): void => {
        this.#listeners.delete(listen);
        signal.removeEventListener('abort', abort);
      };
      const abort = (): void => {
        end();
        reject(signal.reason as Error);
      };
      const listen = (noted: Noted): void => {
        if (!isMeant(noted)) return;
        end();
        resolve(noted);
      };
      signal.addEventListener('abort', abort);
      this.#listeners.add(listen);
    });
  }

  /** Reads what is there. */
  refresh(): void {
    this.#read();
  }

  close(): void {
    this.#watcher.close();
    this.#file.close();
  }

  #read(): void {
    for (const line of this.#file.read()) {
      const noted = JSON.parse(line) as Noted;
      const all = this.#ran.get(noted.run);
      if (all === undefined) this.#ran.set(noted.run, [noted]);
      else all.push(noted);
      this.#count += 1;
      for (const listener of [...this.#listeners]) listener(noted);
    }
  }
}
