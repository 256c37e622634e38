import { rename, rm } from 'node:fs/promises';
import { openDatabase } from '@ctq/sqlite';

/** What comes nearest to a restart of this broker: the file is another one with the same content. */
export async function replaceFile(path: string): Promise<void> {
  const copy = `${path}.copy`;
  const database = await openDatabase({ path, schema: { name: 'test', version: 1, sql: '' } });
  database.statement('VACUUM INTO ?').run([copy]);
  await database.close();
  await Promise.all([`${path}-wal`, `${path}-shm`].map((file) => rm(file, { force: true })));
  await rename(copy, path);
}
