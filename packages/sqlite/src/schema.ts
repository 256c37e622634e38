import type { NativeDatabase } from './native.js';
import { SchemaVersionError } from './errors.js';

/** The tables of one user of the file. Several live side by side: each has its own name and version. */
export interface Schema {
  /** `messages`, `results`, … */
  readonly name: string;
  /** Any change of the tables is a new version; files of another version are refused, not converted. */
  readonly version: number;
  readonly sql: string;
}

const versionTable =
  'CREATE TABLE IF NOT EXISTS ctq_schema (name TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID, STRICT';

/** Version of the tables in the file; undefined when they are not there yet. */
function readSchemaVersion(native: NativeDatabase, name: string): number | undefined {
  const exists = native.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'ctq_schema'").get([]);
  if (exists === undefined) return undefined;
  const row = native.prepare('SELECT version FROM ctq_schema WHERE name = ?').raw().get([name]) as [number] | undefined;
  return row?.[0];
}

/** Makes the tables unless they are there. Inside a transaction: of several processes that start at once, one does it. */
export function createSchema(native: NativeDatabase, schema: Schema, path: string): void {
  if (isSchemaPresent(native, schema, path)) return;
  native.exec(versionTable);
  native.exec(schema.sql);
  native.prepare('INSERT INTO ctq_schema (name, version) VALUES (?, ?)').run([schema.name, schema.version]);
}

/** @throws SchemaVersionError when the tables are there in another version. */
export function isSchemaPresent(native: NativeDatabase, schema: Schema, path: string): boolean {
  const found = readSchemaVersion(native, schema.name);
  if (found === undefined) return false;
  if (found !== schema.version) throw new SchemaVersionError(path, schema.name, found, schema.version);
  return true;
}
