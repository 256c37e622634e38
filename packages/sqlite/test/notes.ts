import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Database } from '../src/database.js';
import { type DatabaseOptions, openDatabase } from '../src/open-database.js';
import type { Schema } from '../src/schema.js';

export const notes: Schema = { name: 'notes', version: 1, sql: 'CREATE TABLE note (text TEXT)' };

/** A folder that goes with the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ctq-sqlite-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A handle that is closed with the test. */
export async function openNotes(path: string, options: Partial<DatabaseOptions> = {}): Promise<Database> {
  const database = await openDatabase({ path, schema: notes, ...options });
  onTestFinished(() => database.close());
  return database;
}

export function write(database: Database, text: string): Promise<number> {
  return database.transaction(() => database.statement('INSERT INTO note VALUES (?)').run([text]));
}

export function read(database: Database): string[] {
  return database
    .statement<[string]>('SELECT text FROM note ORDER BY rowid')
    .rows()
    .map(([text]) => text);
}
