import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Clock, Timer } from '@ctq/runtime';

export interface WalWatchOptions {
  readonly path: string;
  readonly clock: Clock;
  /** `PRAGMA data_version` of the handle: differs after a commit of any other connection, not after its own. May throw. */
  readonly dataVersion: () => number;
  /** Called about every second while somebody listens. */
  readonly inspect: () => void;
}

/** The net below the file events: a look this often, should one be lost. */
const lookMs = 1_000;
/** Where the platform gives no file events (inotify's limit is reached), they are replaced by looks this often. */
const lookWithoutEventsMs = 50;
/** A burst of commits is one notification: looks are at least this far apart. */
const coalesceMs = 2;
/**
 * SQLite writes the WAL file first and makes the commit visible afterwards (with `synchronous=FULL` after an fsync), so the event may come
 * before there is anything to see. The looks that follow it.
 */
const lookAgainAfterMs = [1, 2, 4, 8, 16, 32, 64] as const;

/**
 * Tells when another connection, in this process or another, has committed: one `fs.watch` on the folder of the file for all
 * listeners of a handle. Watches only while somebody listens (and a second longer: listeners come and go), never keeps the process
 * alive, and uses no CPU while nothing happens.
 */
export class WalWatch {
  readonly #options: WalWatchOptions;
  readonly #listeners = new Set<() => void>();
  #watcher: FSWatcher | undefined;
  #tick: Timer | undefined;
  #look: { readonly timer: Timer; readonly dueAt: number } | undefined;
  #lookAgain = 0;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #seenVersion: number | undefined;
  #isTouched = false;
  #isClosed = false;

  constructor(options: WalWatchOptions) {
    this.#options = options;
  }

  /**
   * Calls `listener` after commits that follow this call: coalesced, perhaps once too often, never missing the last one. Returns how
   * to end it.
   */
  listen(listener: () => void): () => void {
    if (this.#listeners.size === 0) this.#seenVersion = this.#readVersion();
    // Wrapped, so that the same function can listen twice.
    const entry = (): void => listener();
    this.#listeners.add(entry);
    if (this.#tick === undefined && !this.#isClosed) this.#start();
    return () => void this.#listeners.delete(entry);
  }

  /** The handle's own commit, which `data_version` does not show. */
  touch(): void {
    if (this.#isTouched || this.#listeners.size === 0) return;
    this.#isTouched = true;
    queueMicrotask(() => {
      this.#isTouched = false;
      this.#notify();
    });
  }

  /** Notifies everybody a last time. Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stop();
    this.#notify();
    this.#listeners.clear();
  }

  #start(): void {
    try {
      const wal = `${basename(this.#options.path)}-wal`;
      this.#watcher = watch(dirname(this.#options.path), { persistent: false }, (_event, name) => {
        if ((name === wal || name === null) && this.#listeners.size > 0) this.#onEvent();
      });
      this.#watcher.on('error', () => this.#dropWatcher());
    } catch {
      this.#watcher = undefined;
    }
    this.#armTick();
  }

  #stop(): void {
    this.#dropWatcher();
    this.#tick?.cancel();
    this.#tick = undefined;
    this.#cancelLook();
  }

  #dropWatcher(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  #armTick(): void {
    const delay = this.#watcher === undefined ? lookWithoutEventsMs : lookMs;
    this.#tick = this.#options.clock.setTimer(() => this.#onTick(), delay, { background: true });
  }

  #onTick(): void {
    if (this.#listeners.size === 0) {
      this.#stop();
      return;
    }
    this.#armTick();
    this.#options.inspect();
    this.#tellNews();
  }

  #onEvent(): void {
    this.#lookAgain = 0;
    const dueAt = this.#lookedAt + coalesceMs;
    if (dueAt <= this.#options.clock.monotonic()) this.#lookNow();
    else if (this.#look === undefined || this.#look.dueAt > dueAt) this.#lookAt(dueAt);
  }

  #lookAt(dueAt: number): void {
    const { clock } = this.#options;
    this.#cancelLook();
    this.#look = {
      dueAt,
      timer: clock.setTimer(() => this.#lookNow(), dueAt - clock.monotonic(), { background: true }),
    };
  }

  #lookNow(): void {
    this.#cancelLook();
    this.#lookedAt = this.#options.clock.monotonic();
    // News do not end it: they may be of an earlier commit than the one whose event led here.
    this.#tellNews();
    if (this.#isClosed || this.#listeners.size === 0) return;
    const delay = lookAgainAfterMs[this.#lookAgain++];
    if (delay !== undefined) this.#lookAt(this.#lookedAt + delay);
  }

  #cancelLook(): void {
    this.#look?.timer.cancel();
    this.#look = undefined;
  }

  #tellNews(): void {
    const version = this.#readVersion();
    if (version !== undefined && version === this.#seenVersion) return;
    this.#seenVersion = version;
    this.#notify();
  }

  /** Undefined when it cannot be read: then listeners are told, and meet the error in what they read. */
  #readVersion(): number | undefined {
    try {
      return this.#options.dataVersion();
    } catch {
      return undefined;
    }
  }

  #notify(): void {
    for (const listener of [...this.#listeners]) {
      if (this.#listeners.has(listener) || this.#isClosed) listener();
    }
  }
}
