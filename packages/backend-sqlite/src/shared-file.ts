import { BackendConnectionError } from '@ctq/core/backend';
import type { Clock } from '@ctq/runtime';
import { type Database, databaseUrl, openDatabase } from '@ctq/sqlite';
import { backendError } from './backend-errors.js';
import { resultSchema } from './result-schema.js';
import type { SqliteBackendConfig } from './sqlite-backend-options.js';

/** Attaches itself to a file; returns how to end it. */
type Follower = (database: Database) => () => void;

/**
 * The file behind a backend, from `open` to `close`. Backends are opened once and have nobody to reconnect them, so a file that was deleted
 * or replaced while it was in use is opened anew by the next operation, and followers follow the new one.
 */
export class SharedFile {
  readonly url: string;
  readonly #config: SqliteBackendConfig;
  /** What follows the file, with how to end that. */
  readonly #followers = new Map<Follower, () => void>();
  #clock: Clock | undefined;
  #opening: Promise<Database> | undefined;
  #closing: Promise<void> | undefined;

  constructor(config: SqliteBackendConfig) {
    this.#config = config;
    this.url = databaseUrl(config.path);
  }

  async open(clock: Clock, signal: AbortSignal): Promise<void> {
    this.#clock = clock;
    await this.#openFile(signal);
  }

  close(): Promise<void> {
    this.#closing ??= (async () => {
      const database = await this.#opening?.catch(() => undefined);
      await database?.close();
    })();
    return this.#closing;
  }

  /** Milliseconds since the epoch, by the clock that `open` was given. */
  now(): number {
    return (this.#clock ?? this.#refuse()).now();
  }

  async database(): Promise<Database> {
    if (this.#closing !== undefined || this.#clock === undefined) throw this.#closedError();
    const opening = this.#opening ?? this.#openFile();
    const database = await opening;
    if (database.isOpen() || this.#closing !== undefined) return database;
    if (this.#opening === opening) this.#opening = undefined;
    return this.#opening ?? this.#openFile();
  }

  /** Attaches something to the file, and to the one that takes its place; returns how to end it. */
  async follow(follower: Follower): Promise<() => void> {
    const database = await this.database();
    this.#followers.set(follower, follower(database));
    return () => {
      this.#followers.get(follower)?.();
      this.#followers.delete(follower);
    };
  }

  #openFile(signal?: AbortSignal): Promise<Database> {
    const opening = (async () => {
      const { path, synchronous } = this.#config;
      const database = await openDatabase({ path, synchronous, schema: resultSchema, translate: backendError }, signal);
      void database.closed.then(() => {
        if (this.#opening !== opening) return;
        this.#opening = undefined;
        // Whoever waits for results asks nothing until it is told: reopening cannot wait for the next operation.
        if (this.#closing === undefined && this.#followers.size > 0) void this.database().catch(() => undefined);
      });
      for (const follower of this.#followers.keys()) this.#followers.set(follower, follower(database));
      return database;
    })();
    this.#opening = opening;
    opening.catch(() => {
      if (this.#opening === opening) this.#opening = undefined;
    });
    return opening;
  }

  #refuse(): never {
    throw this.#closedError();
  }

  #closedError(): BackendConnectionError {
    const state = this.#closing === undefined ? 'not open' : 'closed';
    return new BackendConnectionError(`The result backend ${this.url} is ${state}.`, { recoverable: false });
  }
}
