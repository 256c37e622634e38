import type { Database } from '@ctq/sqlite';

const keys = { ctq_result: 'seq', ctq_group: 'group_id', ctq_chord: 'group_id', ctq_key_value: 'version' } as const;

export type ExpiringTable = keyof typeof keys;

/** Deletes at most `limit` expired rows; inside of a transaction. */
export function dropExpired(database: Database, table: ExpiringTable, now: number, limit: number): number {
  const key = keys[table];
  const drop = `DELETE FROM ${table} WHERE ${key} IN (SELECT ${key} FROM ${table} WHERE expires_at <= ?1 LIMIT ?2)`;
  return database.statement(drop).run([now, limit]);
}

/** How many rows one transaction deletes: the event loop turns, and others get the lock, in between. */
const batch = 500;

/** Deletes everything that has expired; resolves with the number of rows. */
export async function dropAllExpired(
  database: Database,
  tables: readonly ExpiringTable[],
  now: number,
): Promise<number> {
  let total = 0;
  for (const table of tables) {
    for (let dropped = batch; dropped === batch; ) {
      dropped = await database.transaction(() => dropExpired(database, table, now, batch));
      total += dropped;
      if (dropped === batch) await new Promise((resolve) => setImmediate(resolve));
    }
  }
  return total;
}
