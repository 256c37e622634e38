import { VirtualClock } from '@ctq/runtime';
import { openDatabase } from '@ctq/sqlite';
import { describe, expect, onTestFinished, test } from 'vitest';
import { entry, openStore, textsOf } from '../test/open-store.js';
import { testFile } from '@ctq/test-services/vitest';
import { openLeaseRenewer } from './lease-renewer.js';
import { messageSchema } from './message-schema.js';
import { MessageTable } from './message-table.js';
import { transportError } from './transport-errors.js';

const all = { limit: 1_000, noAck: false };
const never = new AbortController().signal;

function first<T>(list: readonly T[]): readonly [T] {
  const [item] = list;
  if (item === undefined) throw new Error('Nothing was popped.');
  return [item];
}

function firstTwo<T>(list: readonly T[]): readonly [T, T] {
  return [...first(list), ...first(list.slice(1))];
}

/** The rows of a table, read past the store. */
async function rowsOf(path: string, table: string): Promise<readonly unknown[]> {
  const database = await openDatabase({ path, schema: messageSchema });
  const rows = database.statement(`SELECT * FROM ${table}`).rows();
  await database.close();
  return rows;
}

describe('the order of messages', () => {
  test('is by priority over several queues, 9 first, then by the given order of the queues, then by age', async () => {
    const store = await openStore(await testFile());
    await store.push([
      entry('a', 'a0'),
      entry('b', 'b0'),
      entry('b', 'b9', { priority: 9 }),
      entry('a', 'a9', { priority: 9 }),
      entry('a', 'a5', { priority: 5 }),
      entry('c', 'c9', { priority: 9 }),
      entry('a', 'a9 younger', { priority: 9 }),
    ]);
    const request = { queues: ['b', 'a'], ...all };
    expect(textsOf(await store.pop({ ...request, limit: 2 }))).toEqual(['b9', 'a9']);
    expect(textsOf(await store.pop(request))).toEqual(['a9 younger', 'a5', 'b0', 'a0']);
  });

  test('what is released to the front is next, also before what is older', async () => {
    const store = await openStore(await testFile());
    await store.push([entry('a', '1'), entry('a', '2'), entry('a', '3')]);
    const [one, two] = firstTwo(await store.pop({ queues: ['a'], ...all, limit: 2 }));
    await store.settle([{ kind: 'release', tag: one.tag, position: 'front', charged: false }]);
    await store.settle([{ kind: 'release', tag: two.tag, position: 'front', charged: false }]);
    expect(textsOf(await store.pop({ queues: ['a'], ...all }))).toEqual(['2', '1', '3']);
  });

  test('what is released to the back comes after what waits and before what is pushed later', async () => {
    const store = await openStore(await testFile());
    await store.push([entry('a', '1'), entry('a', '2')]);
    const [one] = first(await store.pop({ queues: ['a'], ...all, limit: 1 }));
    await store.settle([{ kind: 'release', tag: one.tag, position: 'back', charged: true }]);
    await store.push([entry('a', '3')]);
    expect(textsOf(await store.pop({ queues: ['a'], ...all }))).toEqual(['2', '1', '3']);
  });

  test('hundreds that fall due together come in the order of their due times', async () => {
    const clock = new VirtualClock();
    const store = await openStore(await testFile(), { clock });
    await store.push(Array.from({ length: 300 }, (_, index) => entry('a', String(index))));
    const held = await store.pop({ queues: ['a'], ...all });
    const later = held.map(({ tag }, index) => ({ kind: 'park' as const, tag, dueAt: clock.now() + 1_000 + index }));
    await store.settle(later.toReversed());
    await store.push([entry('a', 'waiting')]);
    await clock.advance(2_000);
    expect(textsOf(await store.pop({ queues: ['a'], ...all }))).toEqual([...textsOf(held), 'waiting']);
  });
});

describe('settling', () => {
  test('parks until a fraction of a millisecond, and is never early', async () => {
    const clock = new VirtualClock();
    const store = await openStore(await testFile(), { clock });
    await store.push([entry('a', '1')]);
    const [one] = first(await store.pop({ queues: ['a'], ...all }));
    await store.settle([{ kind: 'park', tag: one.tag, dueAt: clock.now() + 10.25 }]);
    await clock.advance(10);
    expect(await store.pop({ queues: ['a'], ...all })).toEqual([]);
    await clock.advance(1);
    expect(textsOf(await store.pop({ queues: ['a'], ...all }))).toEqual(['1']);
  });

  test('many at once tells those that are not held, and settles the others', async () => {
    const path = await testFile();
    const [mine, other] = [await openStore(path, { holder: 'me' }), await openStore(path, { holder: 'you' })];
    await mine.push(Array.from({ length: 5 }, (_, index) => entry('a', String(index))));
    const [one = '', , three = ''] = (await mine.pop({ queues: ['a'], ...all, limit: 3 })).map(({ tag }) => tag);
    const [, others = ''] = (await other.pop({ queues: ['a'], ...all })).map(({ tag }) => tag);
    const tags = [one, others.replace(/\..*/, '.99'), three, 'nonsense', '1.2.3', one];
    const lost = await mine.settle(tags.map((tag) => ({ kind: 'ack', tag })));
    expect(lost).toEqual([tags[1], 'nonsense', '1.2.3']);
    expect(await mine.size('a')).toEqual({ waiting: 0, parked: 0, held: 3 });
  });

  test('a tag of an earlier delivery does not touch the message that has its row now', async () => {
    const store = await openStore(await testFile());
    await store.push([entry('a', 'old')]);
    const [old] = first(await store.pop({ queues: ['a'], ...all }));
    await store.settle([{ kind: 'ack', tag: old.tag }]);
    await store.push([entry('a', 'new')]);
    await store.pop({ queues: ['a'], ...all });
    expect(await store.settle([{ kind: 'ack', tag: old.tag }])).toEqual([old.tag]);
    expect((await store.size('a')).held).toBe(1);
  });
});

describe('a body that is larger than a page', () => {
  const large = new Uint8Array(100_000).fill(7);

  test('comes back as it was, acknowledged or not', async () => {
    const path = await testFile();
    const store = await openStore(path);
    await store.push([entry('a', large), entry('a', 'small'), entry('a', large)]);
    const held = await store.pop({ queues: ['a'], ...all, limit: 2 });
    expect(held.map(({ message }) => Buffer.compare(message.body, large) === 0)).toEqual([true, false]);
    const [rest] = first(await store.pop({ queues: ['a'], limit: 10, noAck: true }));
    expect(Buffer.compare(rest.message.body, large)).toBe(0);
  });

  test('goes with its message, however that goes', async () => {
    const path = await testFile();
    const clock = new VirtualClock();
    const store = await openStore(path, { clock });
    const expiresAt = clock.now() + 1_000;
    await store.push([
      entry('a', large),
      entry('b', large),
      entry('c', large),
      entry('d', large),
      entry('e', large, { expiresAt }),
    ]);
    expect(await rowsOf(path, 'ctq_body')).toHaveLength(5);
    const [held] = first(await store.pop({ queues: ['a'], ...all }));
    await store.settle([{ kind: 'ack', tag: held.tag }]);
    await store.pop({ queues: ['b'], limit: 1, noAck: true });
    await store.purge('c');
    await store.pop({ queues: ['d'], ...all });
    await store.dropQueue('d');
    await clock.advance(1_000);
    await store.lease.sweep();
    expect(await rowsOf(path, 'ctq_body')).toEqual([]);
    expect(await rowsOf(path, 'ctq_message')).toEqual([]);
  });
});

describe('waiting', () => {
  test('ends when the earliest parked message falls due', async () => {
    const clock = new VirtualClock();
    const store = await openStore(await testFile(), { clock });
    await store.push([entry('a', 'later'), entry('a', 'soon')]);
    const [later, soon] = firstTwo(await store.pop({ queues: ['a'], ...all }));
    await store.settle([{ kind: 'park', tag: later.tag, dueAt: clock.now() + 120_000 }]);
    let isOver = false;
    const waiting = store.wait(['a', 'b'], never).then(() => {
      isOver = true;
    });
    await store.settle([{ kind: 'park', tag: soon.tag, dueAt: clock.now() + 60_000 }]);
    await clock.advance(59_999);
    expect(isOver).toBe(false);
    await clock.advance(1);
    await waiting;
    expect(textsOf(await store.pop({ queues: ['a'], ...all }))).toEqual(['soon']);
  });

  test('is not disturbed by what happens to other queues', async () => {
    const path = await testFile();
    const [mine, other] = [await openStore(path, { holder: 'me' }), await openStore(path, { holder: 'you' })];
    let isOver = false;
    const waiting = mine.wait(['a'], never).then(() => {
      isOver = true;
    });
    const elsewhere = mine.wait(['b'], never);
    await other.push([entry('b', 'not for you')]);
    await elsewhere;
    expect(isOver).toBe(false);
    await other.push([entry('a', 'for you')]);
    await waiting;
  });

  test('ends when the store is closed', async () => {
    const store = await openStore(await testFile());
    const waiting = store.wait(['a'], never);
    await store.close();
    await waiting;
    await expect(store.wait(['a'], never)).rejects.toMatchObject({ code: 'CTQ_SQLITE_CLOSED' });
  });
});

describe('a lease', () => {
  test('is renewed by another thread with a handle of its own', async () => {
    const path = await testFile();
    const store = await openStore(path, { leaseMs: 30_000, holder: 'blocked' });
    const { module, options } = store.lease.renewer;
    expect([module.endsWith('/lease-renewer.js'), options]).toEqual([
      true,
      { path, holder: 'blocked', durationMs: 30_000 },
    ]);
    const renewer = await openLeaseRenewer({ path, holder: 'blocked', durationMs: 60_000 });
    onTestFinished(() => renewer.close());
    await store.push([entry('a', '1')]);
    await store.pop({ queues: ['a'], ...all });
    await renewer.renew();
    const clock = new VirtualClock(Date.now() + 45_000);
    const sweeper = await openStore(path, { clock, holder: 'sweeper' });
    expect(await sweeper.lease.sweep()).toBe(0);
    await clock.advance(20_000);
    expect(await sweeper.lease.sweep()).toBe(1);
  });

  test('leaves no row behind when nothing is held at the end', async () => {
    const path = await testFile();
    const store = await openStore(path);
    await store.push([entry('a', '1')]);
    const [held] = first(await store.pop({ queues: ['a'], ...all }));
    expect(await rowsOf(path, 'ctq_holder')).toHaveLength(1);
    await store.settle([{ kind: 'ack', tag: held.tag }]);
    await store.close();
    expect(await rowsOf(path, 'ctq_holder')).toEqual([]);
  });

  test('of a holder of thousands is swept in several transactions, to the last', async () => {
    const path = await testFile();
    const clock = new VirtualClock();
    const store = await openStore(path, { clock, leaseMs: 1_000 });
    const texts = Array.from({ length: 1_200 }, (_, index) => String(index));
    await store.push(texts.map((text) => entry('a', text)));
    await store.pop({ queues: ['a'], limit: 2_000, noAck: false });
    await clock.advance(1_000);
    const other = await openStore(path, { clock, holder: 'other' });
    expect(await other.lease.sweep()).toBe(1_200);
    const again = await other.pop({ queues: ['a'], limit: 2_000, noAck: false });
    expect(textsOf(again)).toEqual(texts);
    expect(again.every(({ redelivered, deliveryCount }) => redelivered && deliveryCount === 1)).toBe(true);
  });
});

test('a disk without room refuses the whole push with a recoverable error that leaves the connection alone', async () => {
  const path = await testFile();
  const database = await openDatabase({ path, schema: messageSchema, translate: transportError });
  onTestFinished(() => database.close());
  database.statement('PRAGMA max_page_count = 40').row();
  const messages = new MessageTable(database);
  const entries = Array.from({ length: 200 }, (_, index) => entry('a', `${index} ${'x'.repeat(2_000)}`));
  const error: unknown = await database.transaction(() => messages.push(entries)).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ name: 'TransportError', code: 'CTQ_SQLITE_FULL', recoverable: true });
  expect(messages.size('a', 0)).toEqual({ waiting: 0, parked: 0, held: 0 });
});
