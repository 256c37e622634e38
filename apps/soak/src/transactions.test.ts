import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ctq } from '@ctq/core';
import { sqliteWriter } from '@ctq/transport-sqlite';
import { Worker } from '@ctq/worker';
import Libsql from 'libsql';
import { describe, expect, onTestFinished, test } from 'vitest';

/** A shop whose orders are in the file of its broker, with a worker that reads them. */
async function shop() {
  const folder = mkdtempSync(join(tmpdir(), 'ctq-shop-'));
  const path = join(folder, 'shop.sqlite');
  const app = new Ctq('shop', { broker: `sqlite:${path}`, backend: `sqlite:${path}` });
  const database = new Libsql(path, { timeout: 1_000 });
  database.exec('PRAGMA journal_mode = WAL');
  database.exec('CREATE TABLE orders (id INTEGER PRIMARY KEY, article TEXT NOT NULL UNIQUE)');
  const ship = app.task('ship', (id: number) => {
    const row = database.prepare('SELECT article FROM orders WHERE id = ?').get(id) as { article: string } | undefined;
    return row?.article ?? null;
  });
  const worker = new Worker(app);
  await worker.start();
  onTestFinished(async () => {
    await worker.stop();
    await app.close();
    database.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const insert = database.prepare('INSERT INTO orders VALUES (?, ?)');
  const isQueued = ({ id }: { readonly id: string }): boolean =>
    database.prepare('SELECT 1 FROM ctq_message WHERE instr(envelope, ?)').all([id]).length > 0;
  return { app, database, ship, insert, isQueued };
}

describe('calls of a database transaction', () => {
  test('are sent after it is committed, and see what it has written [SD-408]', async () => {
    const { app, database, ship, insert } = await shop();
    const outbox = app.outbox();
    const result = await ship.applyAsync([1], { outbox });
    database.transaction(() => insert.run(1, 'lamp'))();
    await outbox.flush();
    expect(await result.get({ timeout: '20s' })).toBe('lamp');
  });

  test('are not sent when it fails', async () => {
    const { app, database, ship, insert, isQueued } = await shop();
    insert.run(1, 'lamp');
    const outbox = app.outbox();
    const result = await ship.applyAsync([2], { outbox });
    const place = async (): Promise<void> => {
      database.transaction(() => insert.run(2, 'lamp'))();
      await outbox.flush();
    };
    await expect(place()).rejects.toThrow(/UNIQUE/);
    expect(isQueued(result)).toBe(false);
    expect(outbox.size).toBe(1);
  });

  test('are written in the transaction itself where the broker is in its database', async () => {
    const { app, database, ship, insert, isQueued } = await shop();
    const place = database.transaction((id: number, article: string, outbox: ReturnType<Ctq['outbox']>) => {
      outbox.writeTo(sqliteWriter(database));
      insert.run(id, article);
    });
    const outbox = app.outbox();
    const result = await ship.applyAsync([1], { outbox });
    place(1, 'lamp', outbox);
    expect(await result.get({ timeout: '20s' })).toBe('lamp');
    const undone = app.outbox();
    const never = await ship.applyAsync([2], { outbox: undone });
    expect(() => place(2, 'lamp', undone)).toThrow(/UNIQUE/);
    expect(isQueued(never)).toBe(false);
  });
});
