import type { Schema } from '@ctq/sqlite';

/**
 * The tables of the result backend and of the key-value store.
 *
 * `seq` and `version` never return to a number that was used (AUTOINCREMENT) and grow with every write, because a row is replaced, not
 * updated: whoever remembers the last one it saw finds everything that was written since.
 */
export const resultSchema: Schema = {
  name: 'results',
  version: 2,
  sql: `
    CREATE TABLE ctq_result (
      seq INTEGER PRIMARY KEY AUTOINCREMENT,
      task_id TEXT NOT NULL UNIQUE,
      status TEXT NOT NULL,
      document BLOB NOT NULL,
      expires_at INTEGER
    ) STRICT;
    CREATE INDEX ctq_result_expiry ON ctq_result (expires_at) WHERE expires_at IS NOT NULL;

    CREATE TABLE ctq_group (group_id TEXT PRIMARY KEY, document BLOB NOT NULL, expires_at INTEGER) STRICT, WITHOUT ROWID;
    CREATE INDEX ctq_group_expiry ON ctq_group (expires_at) WHERE expires_at IS NOT NULL;

    CREATE TABLE ctq_chord (
      group_id TEXT PRIMARY KEY,
      size INTEGER,
      count INTEGER NOT NULL DEFAULT 0,
      expires_at INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX ctq_chord_expiry ON ctq_chord (expires_at) WHERE expires_at IS NOT NULL;
    CREATE TABLE ctq_chord_part (
      group_id TEXT NOT NULL,
      place INTEGER NOT NULL,
      task_id TEXT NOT NULL,
      part_index INTEGER,
      state TEXT NOT NULL,
      result BLOB NOT NULL,
      PRIMARY KEY (group_id, task_id)
    ) STRICT;
    CREATE TABLE ctq_chord_addition (
      group_id TEXT NOT NULL,
      task_id TEXT NOT NULL,
      PRIMARY KEY (group_id, task_id)
    ) STRICT, WITHOUT ROWID;
    CREATE TRIGGER ctq_chord_deleted AFTER DELETE ON ctq_chord BEGIN
      DELETE FROM ctq_chord_part WHERE group_id = old.group_id;
      DELETE FROM ctq_chord_addition WHERE group_id = old.group_id;
    END;

    CREATE TABLE ctq_key_value (
      version INTEGER PRIMARY KEY AUTOINCREMENT,
      key TEXT NOT NULL UNIQUE,
      value BLOB NOT NULL,
      expires_at INTEGER
    ) STRICT;
    CREATE INDEX ctq_key_value_expiry ON ctq_key_value (expires_at) WHERE expires_at IS NOT NULL;
  `,
};
