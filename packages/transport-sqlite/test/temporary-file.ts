import { mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '@ctq/sqlite';
import { onTestFinished } from 'vitest';

/** The path of a file that does not exist yet, in a folder that goes when `end` is called. */
export async function temporaryFile(): Promise<{ readonly path: string; readonly end: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'ctq-transport-sqlite-'));
  return { path: join(folder, 'ctq.sqlite'), end: () => rm(folder, { recursive: true, force: true }) };
}

/** As `temporaryFile`, gone with the test. */
export async function testFile(): Promise<string> {
  const { path, end } = await temporaryFile();
  onTestFinished(end);
  return path;
}

/** What comes nearest to a restart of this broker: the file is another one with the same content. */
export async function replaceFile(path: string): Promise<void> {
  const copy = `${path}.copy`;
  const database = await openDatabase({ path, schema: { name: 'test', version: 1, sql: '' } });
  database.statement('VACUUM INTO ?').run([copy]);
  await database.close();
  await Promise.all([`${path}-wal`, `${path}-shm`].map((file) => rm(file, { force: true })));
  await rename(copy, path);
}
