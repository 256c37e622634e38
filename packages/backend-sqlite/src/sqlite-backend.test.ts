import { writeFileSync } from 'node:fs';
import { BackendConnectionError, BackendStoreError } from '@ctq/core/backend';
import { ConfigurationError, VirtualClock } from '@ctq/runtime';
import { openDatabase } from '@ctq/sqlite';
import { describe, expect, onTestFinished, test } from 'vitest';
import { codec, openBackend, success } from '../test/open-backend.js';
import { testFile } from '@ctq/test-services/vitest';
import { backendError } from './backend-errors.js';
import { resultSchema } from './result-schema.js';
import { ResultTable } from './result-table.js';
import { createBackend, createStore, sqliteBackend } from './sqlite-backend.js';

/** How many rows a table has, counted past the backend. */
async function countRows(path: string, table: string): Promise<number> {
  const database = await openDatabase({ path, schema: resultSchema });
  const row = database.statement<[number]>(`SELECT count(*) FROM ${table}`).row();
  await database.close();
  return row?.[0] ?? 0;
}

const ids = (count: number, prefix: string): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`);

describe('[BK-082] results that have expired', () => {
  test('are deleted bit by bit by later stores', async () => {
    const clock = new VirtualClock();
    const path = await testFile();
    const backend = await openBackend(path, { clock, expiresMs: 1_000 });
    await backend.store(ids(100, 'old').map((id) => success(id)));
    await clock.advance(1_000);
    await backend.store([success('new')]);
    expect(await countRows(path, 'ctq_result')).toBe(99);
    for (let round = 0; round < 50; round += 1) await backend.store([success(`newer${round}`)]);
    expect(await countRows(path, 'ctq_result')).toBe(51);
  });

  test('are deleted by cleanup with groups and chords, however many', async () => {
    const clock = new VirtualClock();
    const path = await testFile();
    const backend = await openBackend(path, { clock, expiresMs: 1_000 });
    await backend.store(ids(1_200, 'old').map((id) => success(id)));
    await backend.groups?.saveGroup('group', []);
    await backend.chords?.addPart('chord', { taskId: 't', index: 0, state: 'SUCCESS', result: 1 });
    await clock.advance(1_000);
    const lasting = await openBackend(path, { clock });
    await lasting.groups?.saveGroup('kept', []);
    expect(await backend.cleanup?.()).toBe(1_202);
    expect(await countRows(path, 'ctq_chord_part')).toBe(0);
    expect(await countRows(path, 'ctq_group')).toBe(1);
  });

  test('may be stored anew, a SUCCESS too', async () => {
    const clock = new VirtualClock();
    const backend = await openBackend(await testFile(), { clock, expiresMs: 1_000 });
    await backend.store([success('id', 1)]);
    await clock.advance(1_000);
    await backend.store([success('id', 2)]);
    expect((await backend.getMany(['id'])).get('id')?.result).toBe(2);
  });
});

describe('what is told to those who wait', () => {
  test('includes what was stored after the newest results were forgotten', async () => {
    const path = await testFile();
    const [backend, other] = [await openBackend(path), await openBackend(path)];
    const told: string[] = [];
    let onTold: () => void = () => undefined;
    await backend.notifier?.listen((taskIds) => {
      told.push(...taskIds);
      onTold();
    });
    for (const id of ['a', 'b', 'c']) {
      const next = new Promise<void>((resolve) => {
        onTold = resolve;
      });
      await other.store([success(id)]);
      await next;
      await other.forget([id]);
    }
    expect(told).toEqual(['a', 'b', 'c']);
  });
});

describe('a file that cannot be used', () => {
  test('is a connection error that trying again does not help', async () => {
    const path = await testFile();
    writeFileSync(path, 'Dear diary, '.repeat(1_000));
    const error: unknown = await openBackend(path).catch((thrown: unknown) => thrown);
    expect(BackendConnectionError.isInstance(error) && [error.recoverable, error.details]).toEqual([
      false,
      { code: 'CTQ_SQLITE_NOT_A_DATABASE' },
    ]);
  });

  test('[BK-026] without room is a store error that can be tried again, and nothing is stored', async () => {
    const database = await openDatabase({ path: await testFile(), schema: resultSchema, translate: backendError });
    onTestFinished(() => database.close());
    database.statement('PRAGMA max_page_count = 40').row();
    const table = new ResultTable(database, codec);
    const encoded = table.encode(
      ids(200, 'id').map((id) => success(id, 'x'.repeat(2_000))),
      null,
    );
    const error: unknown = await database.transaction(() => table.store(encoded, 0)).catch((thrown: unknown) => thrown);
    expect(BackendStoreError.isInstance(error) && error.recoverable).toBe(true);
    expect(table.find(ids(200, 'id'), 0).size).toBe(0);
  });

  test('is not used before it is opened, nor after it is closed', async () => {
    const path = await testFile();
    await expect(sqliteBackend({ path }).getMany(['a'])).rejects.toThrow('not open');
    const backend = await openBackend(path);
    await backend.close();
    await backend.close();
    await expect(backend.store([success('a')])).rejects.toThrow('closed');
  });
});

describe('options', () => {
  test('[BK-007] a URL names the file', () => {
    expect(createBackend('sqlite:///var/ctq.sqlite?synchronous=FULL').url).toBe('sqlite:///var/ctq.sqlite');
    expect(createStore('sqlite:shop.sqlite', {}).url).toBe('sqlite:shop.sqlite');
  });

  test.each([
    [() => createBackend('sqlite:a.sqlite', { synchronus: 'FULL' }), "Did you mean 'synchronous'?"],
    [() => createBackend('sqlite:a.sqlite', { synchronous: 'OFF' }), "'NORMAL' or 'FULL'"],
    [() => createStore('sqlite:'), 'names no file'],
    [() => sqliteBackend({ path: '' }), "'path' must name a file"],
  ])('that cannot be used are refused with what to do (%#)', (make, text) => {
    expect(make).toThrow(text);
    expect(make).toThrow(ConfigurationError);
  });
});
