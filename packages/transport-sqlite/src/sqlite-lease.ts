import type { LeaseRole } from '@ctq/messaging/store';
import type { Database } from '@ctq/sqlite';
import type { OpenStore } from './open-store.js';

const saveHolder = `
  INSERT INTO ctq_holder (name, expires_at) VALUES (?, ?)
  ON CONFLICT (name) DO UPDATE SET expires_at = excluded.expires_at`;
const deleteHolder = 'DELETE FROM ctq_holder WHERE name = ?';
const deleteIdleHolder =
  'DELETE FROM ctq_holder WHERE name = ?1 AND NOT EXISTS (SELECT 1 FROM ctq_message WHERE holder = ?1)';
const expiredHolders = 'SELECT name FROM ctq_holder WHERE expires_at <= ?';
const isExpired = 'SELECT 1 FROM ctq_holder WHERE name = ? AND expires_at <= ?';

/** How much one transaction of a sweep moves: the write lock is others' after some milliseconds. */
const sweepBatch = 500;
const expiredBatch = 1_000;

/** Makes the lease last until the given time; inside of a transaction. */
export function keepLease(database: Database, holder: string, expiresAt: number): void {
  database.statement(saveHolder).run([holder, expiresAt]);
}

/**
 * Leases by the host's clock, which every process that has the file open shares: setting that clock forward by more than a lease
 * makes held messages come back while they are worked on.
 */
export class SqliteLease implements LeaseRole {
  readonly durationMs: number;
  readonly #store: () => OpenStore;
  /** As far as this thread knows; the keeper thread may have extended it further. */
  #expiresAt = 0;

  constructor(durationMs: number, store: () => OpenStore) {
    this.durationMs = durationMs;
    this.#store = store;
  }

  /** Where a keeper thread finds what it needs. Known once the store is open. */
  get renewer(): { readonly module: string; readonly options: unknown } {
    const { database, holder } = this.#store();
    return {
      module: new URL('./lease-renewer.js', import.meta.url).href,
      options: { path: database.path, holder, durationMs: this.durationMs },
    };
  }

  async renew(): Promise<void> {
    const { database } = this.#store();
    try {
      await database.transaction(() => this.#extend(this.#store().context.clock.now()));
    } catch (error) {
      this.doubt();
      throw error;
    }
  }

  /** Extends the lease unless that was done a moment ago; inside of the transaction of a pop. */
  keep(now: number): void {
    if (now + 0.9 * this.durationMs > this.#expiresAt) this.#extend(now);
  }

  /** The transaction that was to extend it may have been rolled back. */
  doubt(): void {
    this.#expiresAt = 0;
  }

  async lost(tags: readonly string[]): Promise<readonly string[]> {
    const { database, messages, holder } = this.#store();
    return database.read(() => messages.lost(tags, holder));
  }

  async sweep(): Promise<number> {
    const { database, context } = this.#store();
    const now = context.clock.now();
    let count = 0;
    for (const [holder] of await database.read(() => database.statement<[string]>(expiredHolders).rows([now]))) {
      count += await this.#sweepHolder(holder, now);
    }
    await this.#dropExpired(now);
    if (count > 0) database.touch();
    return count;
  }

  /** Forgets the holder if it holds nothing. */
  async end({ database, holder }: OpenStore): Promise<void> {
    if (this.#expiresAt === 0) return;
    await database.transaction(() => database.statement(deleteIdleHolder).run([holder]), AbortSignal.timeout(100));
  }

  #extend(now: number): void {
    const { database, holder } = this.#store();
    this.#expiresAt = now + this.durationMs;
    keepLease(database, holder, this.#expiresAt);
  }

  async #sweepHolder(holder: string, now: number): Promise<number> {
    const { database, messages } = this.#store();
    for (let total = 0; ; ) {
      const count = await database.transaction(() => {
        // It may have been renewed, or swept by another process, since it was found.
        if (database.statement(isExpired).row([holder, now]) === undefined) return 0;
        const given = messages.giveBack(holder, sweepBatch);
        if (given < sweepBatch) database.statement(deleteHolder).run([holder]);
        return given;
      });
      total += count;
      if (count < sweepBatch) return total;
    }
  }

  async #dropExpired(now: number): Promise<void> {
    const { database, messages } = this.#store();
    if (!(await database.read(() => messages.hasExpired(now)))) return;
    while ((await database.transaction(() => messages.dropExpired(now, expiredBatch))) === expiredBatch);
  }
}
