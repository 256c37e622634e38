import type { Database } from '@ctq/sqlite';

/** A table whose integer key grows with every write. */
export interface FollowedTable {
  readonly table: 'ctq_result' | 'ctq_key_value';
  readonly position: 'seq' | 'version';
  readonly name: 'task_id' | 'key';
}

const batch = 1_000;

/**
 * Calls back with the names of rows that were written after this call, by whichever process, in the order of their writing. Only what is new
 * is read. Returns how to end it.
 */
export function followTable(
  database: Database,
  followed: FollowedTable,
  onWritten: (names: readonly string[]) => void,
): () => void {
  const { table, position, name } = followed;
  const last = database.statement<[number]>(`SELECT seq FROM sqlite_sequence WHERE name = '${table}'`);
  const since = database.statement<readonly [number, string]>(
    `SELECT ${position}, ${name} FROM ${table} WHERE ${position} > ? ORDER BY ${position} LIMIT ${batch}`,
  );
  let seen = last.row()?.[0] ?? 0;
  const next = (): readonly (readonly [number, string])[] => {
    try {
      return since.rows([seen]);
    } catch {
      // Locked for recovery, or closed: the next change, or the slow poll of whoever waits, reads it.
      return [];
    }
  };
  const read = (): void => {
    for (let rows = next(); rows.length > 0; rows = rows.length < batch ? [] : next()) {
      seen = rows.at(-1)?.[0] ?? seen;
      onWritten(rows.map((row) => row[1]));
    }
  };
  return database.onChange(read);
}
