/** Characters after which Celery puts no separator (celery 5.6 backends/base.py, KeyValueStoreBackend._add_global_keyprefix). */
const separators = ':_-.';

/** The names under which Celery's key-value backends keep things. */
export class ResultKeys {
  readonly #taskPrefix: string;
  readonly #groupPrefix: string;
  readonly #chordPrefix: string;

  /** @param globalPrefix Celery's `global_keyprefix`. */
  constructor(globalPrefix = '') {
    const prefix =
      globalPrefix === '' || separators.includes(globalPrefix.at(-1) ?? '') ? globalPrefix : `${globalPrefix}_`;
    this.#taskPrefix = `${prefix}celery-task-meta-`;
    this.#groupPrefix = `${prefix}celery-taskset-meta-`;
    // Not Celery's: where parts of chords are counted in another way, Celery polls (celery.chord_unlock).
    this.#chordPrefix = `${prefix}ctq-chord-`;
  }

  /** @throws TypeError for an empty id, as Celery does: all outcomes would meet under one key. */
  task(taskId: string): string {
    if (taskId === '') throw new TypeError('A result needs the id of its task; it was given an empty one.');
    return this.#taskPrefix + taskId;
  }

  /** The id of a key of `task`. */
  taskOf(key: string): string {
    return key.slice(this.#taskPrefix.length);
  }

  group(groupId: string): string {
    return this.#groupPrefix + groupId;
  }

  /** One of the entries of a chord: `size`, the places taken (`count`) and `written`, or the place of a part; the places taken by `changes` of its size, or one of those. */
  chord(groupId: string, entry: 'size' | 'count' | 'written' | number | 'changes' | `change${number}`): string {
    return `${this.#chordPrefix}${groupId}.${entry}`;
  }
}
