import { type Message, openConnection, queue, type Route } from '@ctq/messaging';
import { deferred } from '@ctq/runtime';
import Libsql from 'libsql';
import { describe, expect, onTestFinished, test } from 'vitest';
import { testFile } from '@ctq/test-services/vitest';
import { sqlite } from './sqlite-transport.js';
import { type SqliteConnection, sqliteWriter } from './sqlite-writer.js';

const message = (text: string, more: Partial<Message['properties']> = {}): Message => ({
  body: new TextEncoder().encode(text),
  contentType: 'text/plain',
  contentEncoding: 'utf-8',
  headers: {},
  properties: more,
});
const toQueue = (queue: string): Route => ({ exchange: '', routingKey: queue });

interface NodeSqlite {
  readonly DatabaseSync: new (path: string) => SqliteConnection & { exec(sql: string): void; close(): void };
}

/** Node 22.5 has it. */
const nodeSqlite = process.getBuiltinModule('node:sqlite') as NodeSqlite | undefined;

/** A broker in a file, and a connection of the program's own to the same file, with a table of its own. */
async function setup() {
  const path = await testFile();
  const connection = openConnection({ transport: sqlite({ path }) });
  onTestFinished(() => connection.close());
  const channel = await connection.openChannel();
  const own = new Libsql(path);
  onTestFinished(() => void own.close());
  own.exec('CREATE TABLE orders (id INTEGER PRIMARY KEY)');
  const next = async (queue: string) => {
    const delivery = await channel.get(queue, { noAck: true });
    return delivery === undefined ? undefined : new TextDecoder().decode(delivery.message.body);
  };
  return { path, channel, own, next };
}

describe('a writer on a connection of the program', () => {
  test('puts messages into queues in its transaction: they are there when it commits, and not before', async () => {
    const { own, next } = await setup();
    own.exec('BEGIN');
    own.exec('INSERT INTO orders VALUES (1)');
    sqliteWriter(own).write([
      { message: message('a'), route: toQueue('q') },
      { message: message('b'.repeat(10_000)), route: toQueue('q') },
    ]);
    expect(await next('q')).toBeUndefined();
    own.exec('COMMIT');
    expect([await next('q'), await next('q'), await next('q')]).toEqual(['a', 'b'.repeat(10_000), undefined]);
  });

  test('leaves nothing when the transaction is rolled back', async () => {
    const { own, next } = await setup();
    own.exec('BEGIN');
    own.exec('INSERT INTO orders VALUES (1)');
    sqliteWriter(own).write([{ message: message('a'), route: toQueue('q') }]);
    own.exec('ROLLBACK');
    expect(await next('q')).toBeUndefined();
    expect(own.prepare('SELECT count(*) AS n FROM orders').all()).toEqual([{ n: 0 }]);
  });

  test('writes all or nothing in a transaction that goes on', async () => {
    const { own, next } = await setup();
    const bad = { ...message('b'), body: 'no bytes' as unknown as Uint8Array, properties: { priority: 0 } };
    own.exec('BEGIN');
    expect(() =>
      sqliteWriter(own).write([
        { message: message('a'), route: toQueue('q') },
        { message: { ...bad, headers: { cycle: 1n } }, route: toQueue('q') },
      ]),
    ).toThrow();
    sqliteWriter(own).write([{ message: message('c'), route: toQueue('q') }]);
    own.exec('COMMIT');
    expect([await next('q'), await next('q')]).toEqual(['c', undefined]);
  });

  test('goes by what is declared: exchanges, priorities, times to live', async () => {
    const { own, channel, next } = await setup();
    const declared = { durable: true, autoDelete: false };
    for (const name of ['all', 'some']) await channel.declareQueue({ ...declared, name, exclusive: false });
    await channel.declareQueue({ ...declared, name: 'short', exclusive: false, arguments: { 'x-message-ttl': 1 } });
    await channel.declareExchange({ ...declared, name: 'topics', type: 'topic' });
    await channel.bindQueue({ exchange: 'topics', queue: 'all', routingKey: '#' });
    await channel.bindQueue({ exchange: 'topics', queue: 'some', routingKey: '*.urgent' });
    sqliteWriter(own).write([
      { message: message('low'), route: { exchange: 'topics', routingKey: 'a.urgent' } },
      { message: message('high', { priority: 9 }), route: { exchange: 'topics', routingKey: 'a.slow' } },
      { message: message('gone'), route: toQueue('short') },
    ]);
    expect([await next('all'), await next('all'), await next('some'), await next('some')]).toEqual([
      'high',
      'low',
      'low',
      undefined,
    ]);
    const [row] = own.prepare("SELECT expires_at FROM ctq_message WHERE queue = 'short'").all() as {
      expires_at: number;
    }[];
    expect(row?.expires_at).toBeGreaterThan(0);
  });

  test('wakes a consumer of another connection', async () => {
    const { own, path } = await setup();
    const connection = openConnection({ transport: sqlite({ path }) });
    onTestFinished(() => connection.close());
    const received = deferred<string>();
    const consumer = connection.consume({
      queues: [queue('q')],
      prefetch: 1,
      onDelivery: (delivery) => {
        received.resolve(new TextDecoder().decode(delivery.message.body));
        void delivery.ack();
      },
    });
    await consumer.start(new AbortController().signal);
    sqliteWriter(own).write([{ message: message('a'), route: toQueue('q') }]);
    expect(await received.promise).toBe('a');
  });

  test.skipIf(nodeSqlite === undefined)('takes a connection of node:sqlite', async () => {
    const { path, next } = await setup();
    if (nodeSqlite === undefined) return;
    const own = new nodeSqlite.DatabaseSync(path);
    own.exec('BEGIN');
    sqliteWriter(own).write([
      { message: message('a'), route: toQueue('q') },
      { message: message('b'.repeat(10_000)), route: toQueue('q') },
    ]);
    own.exec('COMMIT');
    own.close();
    expect([await next('q'), await next('q')]).toEqual(['a', 'b'.repeat(10_000)]);
  });

  test('says what is missing in a database without queues', async () => {
    const own = new Libsql(await testFile());
    onTestFinished(() => void own.close());
    expect(() => sqliteWriter(own).write([{ message: message('a'), route: toQueue('q') }])).toThrow(
      expect.objectContaining({ code: 'CTQ_SQLITE_NO_QUEUES' }),
    );
  });
});
