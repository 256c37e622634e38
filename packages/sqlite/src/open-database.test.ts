import { chmodSync, chownSync, existsSync, openSync, symlinkSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { forkFixture, messageOf } from '@ctq/test-services/vitest';
import { notes, openNotes, read, temporaryFolder, write } from '../test/notes.js';
import { DatabaseBusyError, DatabaseCorruptError, DatabaseUnavailableError, SchemaVersionError } from './errors.js';
import { openDatabase } from './open-database.js';

const isRoot = process.getuid?.() === 0;
const nobody = 65_534;

describe('opening a file', () => {
  test('makes the file, its folders and its tables', async () => {
    const path = join(await temporaryFolder(), 'a', 'b', 'notes.sqlite');
    const database = await openNotes(path);
    await write(database, 'first');
    expect(read(database)).toEqual(['first']);
  });

  test('finds what an earlier handle has stored', async () => {
    const path = join(await temporaryFolder(), 'notes.sqlite');
    const first = await openNotes(path);
    await write(first, 'kept');
    await first.close();
    expect(read(await openNotes(path))).toEqual(['kept']);
  });

  test('through a symbolic link leads to the file and its write-ahead log', async () => {
    const folder = await temporaryFolder();
    await openNotes(join(folder, 'notes.sqlite'));
    symlinkSync(join(folder, 'notes.sqlite'), join(folder, 'link.sqlite'));
    const linked = await openNotes(join(folder, 'link.sqlite'));
    expect(linked.path).toBe(join(folder, 'notes.sqlite'));
    expect(existsSync(join(folder, 'link.sqlite-wal'))).toBe(false);
  });

  test('shares it between users with tables of their own', async () => {
    const path = join(await temporaryFolder(), 'notes.sqlite');
    const first = await openNotes(path);
    const second = await openNotes(path, {
      schema: { name: 'lists', version: 3, sql: 'CREATE TABLE list (text TEXT)' },
    });
    await write(first, 'a note');
    expect(read(second)).toEqual(['a note']);
    expect(second.statement('SELECT * FROM list').rows()).toEqual([]);
  });

  test('with an aborted signal rejects with its reason', async () => {
    const path = join(await temporaryFolder(), 'notes.sqlite');
    const reason = new Error('enough');
    await expect(openDatabase({ path, schema: notes }, AbortSignal.abort(reason))).rejects.toBe(reason);
  });

  test('waits for whoever holds the lock, and says after a while that it is busy', async () => {
    const path = join(await temporaryFolder(), 'notes.sqlite');
    const first = await openNotes(path);
    first.statement('BEGIN IMMEDIATE').run();
    const other = { name: 'lists', version: 1, sql: 'CREATE TABLE list (text TEXT)' };
    const error: unknown = await openDatabase({ path, schema: other, patienceMs: 20 }).catch(
      (thrown: unknown) => thrown,
    );
    first.statement('ROLLBACK').run();
    expect(DatabaseBusyError.isInstance(error) && error.recoverable).toBe(true);
  });
});

describe('a file that cannot be used', () => {
  test('is refused when it is no SQLite database', async () => {
    const path = join(await temporaryFolder(), 'notes.txt');
    writeFileSync(path, 'Dear diary, '.repeat(1_000));
    const error: unknown = await openDatabase({ path, schema: notes }).catch((thrown: unknown) => thrown);
    expect(DatabaseCorruptError.isInstance(error) && [error.code, error.recoverable]).toEqual([
      'CTQ_SQLITE_NOT_A_DATABASE',
      false,
    ]);
  });

  test('is reported as damaged when its pages are', async () => {
    const path = join(await temporaryFolder(), 'notes.sqlite');
    const first = await openNotes(path);
    await first.transaction(() => {
      for (let index = 0; index < 500; index += 1)
        first.statement('INSERT INTO note VALUES (?)').run(['x'.repeat(1_000)]);
    });
    await first.close();
    writeSync(openSync(path, 'r+'), Buffer.alloc(400_000, 7), 0, 400_000, 8_192);
    const second = await openNotes(path);
    const error: unknown = await second.read(() => read(second)).catch((thrown: unknown) => thrown);
    expect(DatabaseCorruptError.isInstance(error) && [error.code, error.recoverable]).toEqual([
      'CTQ_SQLITE_CORRUPT',
      false,
    ]);
  });

  test('is refused when another version of ctq has made the tables', async () => {
    const path = join(await temporaryFolder(), 'notes.sqlite');
    await openNotes(path, { schema: { ...notes, version: 2 } });
    const error: unknown = await openDatabase({ path, schema: notes }).catch((thrown: unknown) => thrown);
    expect(SchemaVersionError.isInstance(error) && error.details).toEqual({ schema: 'notes', found: 2, wanted: 1 });
    expect(String(error)).toContain('upgrade this program');
  });

  test('is refused when the path is a folder, or leads through a file', async () => {
    const folder = await temporaryFolder();
    writeFileSync(join(folder, 'file'), '');
    for (const path of [folder, join(folder, 'file', 'notes.sqlite')]) {
      const error: unknown = await openDatabase({ path, schema: notes }).catch((thrown: unknown) => thrown);
      expect(DatabaseUnavailableError.isInstance(error) && error.code).toBe('CTQ_SQLITE_CANNOT_OPEN');
    }
  });

  test.skipIf(process.platform === 'win32')('is refused when this user cannot write to it', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'notes.sqlite');
    await (await openNotes(path)).close();
    chmodSync(path, 0o444);
    chmodSync(folder, 0o555);
    const child = forkFixture(
      new URL('../test/report-open.mjs', import.meta.url),
      isRoot ? [path, String(nobody)] : [path],
    );
    const report = await messageOf(child);
    chmodSync(folder, 0o755);
    expect(report).toMatchObject({ code: 'CTQ_SQLITE_READ_ONLY', recoverable: false });
  });

  test.skipIf(process.platform === 'win32')('is refused when its folder cannot be written to', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'notes.sqlite');
    await (await openNotes(path)).close();
    chmodSync(path, 0o666);
    if (isRoot) chownSync(path, nobody, nobody);
    chmodSync(folder, 0o555);
    const child = forkFixture(
      new URL('../test/report-open.mjs', import.meta.url),
      isRoot ? [path, String(nobody)] : [path],
    );
    const report = await messageOf(child);
    chmodSync(folder, 0o755);
    expect(report).toMatchObject({ code: 'CTQ_SQLITE_READ_ONLY', recoverable: false });
  });
});
