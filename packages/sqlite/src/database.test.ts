import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { VirtualClock } from '@ctq/runtime';
import { describe, expect, onTestFinished, test } from 'vitest';
import { forkFixture, messageOf } from '@ctq/test-services/vitest';
import { openNotes, read, temporaryFolder, write } from '../test/notes.js';
import { DatabaseBusyError, DatabaseClosedError, DatabaseError, DatabaseFullError } from './errors.js';

async function setup() {
  const path = join(await temporaryFolder(), 'notes.sqlite');
  const database = await openNotes(path);
  return { path, database };
}

describe('a transaction', () => {
  test('is rolled back as a whole when its body throws, and passes the error on unchanged', async () => {
    const { database } = await setup();
    const failure = new Error('changed my mind');
    const work = database.transaction(() => {
      database.statement('INSERT INTO note VALUES (?)').run(['lost']);
      throw failure;
    });
    await expect(work).rejects.toBe(failure);
    await write(database, 'kept');
    expect(read(database)).toEqual(['kept']);
  });

  test('waits for the write lock of another process while the event loop turns', async () => {
    const { path, database } = await setup();
    const child = forkFixture(new URL('../test/hold-lock.mjs', import.meta.url), [path]);
    await messageOf(child);
    const events: string[] = [];
    const written = write(database, 'mine').then(() => events.push('written'));
    for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setTimeout(resolve));
    events.push('fifty turns');
    child.send('let go');
    await messageOf(child);
    events.push('released');
    await written;
    expect(events[0]).toBe('fifty turns');
    expect(events).toContain('released');
    expect(read(database)).toEqual(['mine']);
  });

  test('waits its turn: what was asked for first is committed first', async () => {
    const { path, database } = await setup();
    const other = await openNotes(path);
    other.statement('BEGIN IMMEDIATE').run();
    const writes = ['first', 'second', 'third'].map((text) => write(database, text));
    other.statement('ROLLBACK').run();
    writes.push(write(database, 'fourth'));
    await Promise.all(writes);
    expect(read(database)).toEqual(['first', 'second', 'third', 'fourth']);
  });

  test('gives up with a recoverable error when the lock is held for too long', async () => {
    const clock = new VirtualClock();
    const path = join(await temporaryFolder(), 'notes.sqlite');
    const database = await openNotes(path, { clock, patienceMs: 30_000, busyTimeoutMs: 0 });
    const other = await openNotes(path);
    other.statement('BEGIN IMMEDIATE').run();
    const error = write(database, 'never').catch((thrown: unknown) => thrown);
    await clock.advance(29_000);
    await clock.advance(2_000);
    other.statement('ROLLBACK').run();
    const busy = await error;
    expect(DatabaseBusyError.isInstance(busy) && [busy.code, busy.recoverable]).toEqual(['CTQ_SQLITE_BUSY', true]);
    expect(read(other)).toEqual([]);
  });

  test('that waits for the lock is given up by its signal, and those behind it are not', async () => {
    const { path, database } = await setup();
    const other = await openNotes(path);
    other.statement('BEGIN IMMEDIATE').run();
    const controller = new AbortController();
    const given = database.transaction(
      () => database.statement('INSERT INTO note VALUES (?)').run(['given up']),
      controller.signal,
    );
    const kept = write(database, 'kept');
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(given).rejects.toBe(reason);
    other.statement('ROLLBACK').run();
    await kept;
    expect(read(database)).toEqual(['kept']);
  });

  test('for which the disk has no room stores nothing, and the next one is fine when there is', async () => {
    const { database } = await setup();
    database.statement('PRAGMA max_page_count = 20').row();
    const insert = (): void => {
      for (let index = 0; index < 100; index += 1)
        database.statement('INSERT INTO note VALUES (?)').run(['x'.repeat(3_000)]);
    };
    const error: unknown = await database.transaction(insert).catch((thrown: unknown) => thrown);
    expect(DatabaseFullError.isInstance(error) && [error.code, error.recoverable]).toEqual(['CTQ_SQLITE_FULL', true]);
    expect(read(database)).toEqual([]);
    database.statement('PRAGMA max_page_count = 1000').row();
    await database.transaction(insert);
    expect(read(database)).toHaveLength(100);
  });

  test('rejects with the error that the adapter makes of it', async () => {
    const path = join(await temporaryFolder(), 'notes.sqlite');
    const database = await openNotes(path, { translate: (error, during) => new Error(`${during}: ${error.code}`) });
    await expect(database.transaction(() => database.statement('SELECT nonsense').run())).rejects.toThrow(
      'write: CTQ_SQLITE_FAILED',
    );
    await expect(database.read(() => database.statement('SELECT nonsense').run())).rejects.toThrow(
      'read: CTQ_SQLITE_FAILED',
    );
  });
});

describe('a handle that has ended', () => {
  test('refuses work, also what waited for the lock, and can be closed again', async () => {
    const { path, database } = await setup();
    const other = await openNotes(path);
    other.statement('BEGIN IMMEDIATE').run();
    const waiting = write(database, 'never').catch((thrown: unknown) => thrown);
    await database.close();
    await database.close();
    expect(DatabaseClosedError.isInstance(await waiting)).toBe(true);
    await expect(write(database, 'never')).rejects.toSatisfy((error) => DatabaseClosedError.isInstance(error));
    await expect(database.closed).resolves.toEqual({});
    expect(database.isOpen()).toBe(false);
  });

  test.skipIf(process.platform === 'win32')('says so when the file was deleted under it', async () => {
    const clock = new VirtualClock();
    const path = join(await temporaryFolder(), 'notes.sqlite');
    const database = await openNotes(path, { clock });
    rmSync(path);
    expect(database.isOpen()).toBe(true);
    await clock.advance(1_000);
    expect(database.isOpen()).toBe(false);
    const { error } = await database.closed;
    expect(DatabaseError.isInstance(error) && [error.code, error.recoverable]).toEqual(['CTQ_SQLITE_REPLACED', true]);
  });

  test.runIf(process.platform === 'linux')('has let go of its files', async () => {
    const path = join(await temporaryFolder(), 'notes.sqlite');
    const child = forkFixture(new URL('../test/count-open-files.mjs', import.meta.url), [path], {
      execArgv: ['--expose-gc'],
    });
    onTestFinished(() => void child.kill());
    expect(await messageOf(child)).toEqual([]);
  });
});
