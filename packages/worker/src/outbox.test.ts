import { chain, group, OutboxFlushError, type TransactionScope, UniqueConflictError } from '@ctq/core';
import type { MessageWriter } from '@ctq/messaging/transport';
import { describe, expect, test } from 'vitest';
import { WorkerScene } from './__fixtures__/worker-scene.js';

/** A transaction of a library that tells of its end. */
function transaction() {
  const committed: (() => Promise<void>)[] = [];
  const rolledBack: (() => void)[] = [];
  const scope: TransactionScope = {
    onCommit: (callback) => void committed.push(callback),
    onRollback: (callback) => void rolledBack.push(callback),
  };
  return {
    scope,
    commit: async () => void (await Promise.all(committed.map((callback) => callback()))),
    rollback: () => rolledBack.forEach((callback) => callback()),
  };
}

describe('calls in an outbox', () => {
  test('have their ids and handles at once, and are sent when it is flushed, in their order [SD-408]', async () => {
    await using scene = new WorkerScene();
    const order: string[] = [];
    const note = scene.app.task('note', (text: string) => order.push(text));
    await scene.start({ concurrency: 1 });
    const outbox = scene.app.outbox();
    const results = [
      await note.applyAsync(['a'], { outbox, taskId: 'mine' }),
      await note.s('b').applyAsync([], { outbox }),
      await scene.app.sendTask<number>('note', ['c'], {}, { outbox }),
    ];
    expect([results[0]?.id, outbox.size, await scene.waiting()]).toEqual(['mine', 3, 0]);
    expect(await results[0]?.state()).toBe('PENDING');
    await outbox.flush();
    expect(outbox.size).toBe(0);
    expect(await Promise.all(results.map((result) => result.get()))).toEqual([1, 2, 3]);
    expect(order).toEqual(['a', 'b', 'c']);
    await outbox.flush();
    expect(order).toHaveLength(3);
  });

  test('are sent nowhere when it is discarded, or dropped', async () => {
    await using scene = new WorkerScene();
    const note = scene.app.task('note', (_text: string) => undefined);
    const outbox = scene.app.outbox();
    await note.applyAsync(['a'], { outbox });
    outbox.discard();
    await outbox.flush();
    await note.applyAsync(['b'], { outbox: scene.app.outbox() });
    await note.delay('c');
    expect(await scene.waiting()).toBe(1);
  });

  test('are workflows and many calls as well', async () => {
    await using scene = new WorkerScene();
    const add = scene.app.task('add', (x: number, y: number) => x + y);
    await scene.start();
    const outbox = scene.app.outbox();
    const sum = await chain(add.s(1, 2), add.s(3)).applyAsync([], { outbox });
    const both = await group([add.s(1, 1), add.s(2, 2)]).applyAsync([], { outbox });
    const many = await add.enqueueMany(
      [
        [1, 0],
        [2, 0],
      ],
      { outbox },
    );
    expect([outbox.size, await scene.waiting()]).toEqual([5, 0]);
    await outbox.flush();
    expect(await sum.get()).toBe(6);
    expect(await both.get()).toEqual([2, 4]);
    expect(await Promise.all(many.map((result) => result.get()))).toEqual([1, 2]);
  });

  test('that cannot be sent are an error of the call when that shows then', async () => {
    await using scene = new WorkerScene();
    const note = scene.app.task('note', (_value: unknown) => undefined);
    const outbox = scene.app.outbox();
    await expect(note.applyAsync([() => 1], { outbox })).rejects.toMatchObject({ code: 'CTQ_ENCODE' });
    expect(outbox.size).toBe(0);
  });

  test('that the broker does not take stay in it for the next flush; the others are sent', async () => {
    await using scene = new WorkerScene({ brokerTransportOptions: {} });
    const note = scene.app.task('note', (text: string) => text);
    const outbox = scene.app.outbox();
    const lost = await note.applyAsync(['a'], {
      outbox,
      queue: 'nowhere',
      mandatory: true,
      exchange: 'void',
      routingKey: 'x',
    });
    const sent = await note.applyAsync(['b'], { outbox });
    const thrown = await outbox.flush().catch((error: unknown) => error);
    if (!OutboxFlushError.isInstance(thrown)) throw thrown;
    expect([thrown.code, thrown.sent, thrown.failures.map(({ id }) => id)]).toEqual(['CTQ_OUTBOX_FLUSH', 1, [lost.id]]);
    expect(outbox.size).toBe(1);
    await scene.start();
    expect(await sent.get()).toBe('b');
    await using connection = await scene.app.connect();
    const channel = await connection.openChannel();
    await channel.declareExchange({ name: 'void', type: 'direct', durable: true, autoDelete: false });
    await channel.bindQueue({ queue: 'celery', exchange: 'void', routingKey: 'x' });
    await outbox.flush();
    expect(await lost.get()).toBe('a');
    expect(outbox.size).toBe(0);
  });

  test('of a transaction that tells of its end go with it', async () => {
    await using scene = new WorkerScene();
    const note = scene.app.task('note', (text: string) => text);
    await scene.start();
    const [kept, undone] = [transaction(), transaction()];
    const outbox = scene.app.outbox(kept.scope);
    const result = await note.applyAsync(['a'], { outbox });
    const never = scene.app.outbox(undone.scope);
    await note.applyAsync(['b'], { outbox: never });
    undone.rollback();
    await kept.commit();
    expect(await result.get()).toBe('a');
    expect([outbox.size, never.size, await scene.waiting()]).toEqual([0, 0, 0]);
    for (const over of [outbox, never])
      await expect(note.applyAsync(['c'], { outbox: over })).rejects.toMatchObject({ code: 'CTQ_OUTBOX_CLOSED' });
  });

  test('run in place when they are sent', async () => {
    await using scene = new WorkerScene({ taskAlwaysEager: true });
    const ran: string[] = [];
    const note = scene.app.task('note', (text: string) => ran.push(text));
    const outbox = scene.app.outbox();
    const result = await note.applyAsync(['a'], { outbox });
    expect(ran).toEqual([]);
    await outbox.flush();
    expect([ran, await result.get()]).toEqual([['a'], 1]);
  });

  test('that are unique take their key when they are sent: what is rolled back was in nobody’s way', async () => {
    await using scene = new WorkerScene();
    const job = scene.app.task('job', { unique: true }, (n: number) => n);
    const outbox = scene.app.outbox();
    const held = await job.applyAsync([1], { outbox });
    const dropped = await job.applyAsync([1], { outbox, unique: { onConflict: 'drop' } });
    const thrown = await job.applyAsync([1], { outbox, unique: { onConflict: 'throw' } });
    const free = await job.applyAsync([2], { outbox, countdown: '1m' });
    const first = await job.delay(1);
    expect(first.conflict).toBeUndefined();
    await scene.clock.advance(30_000);
    const failed = await outbox.flush().catch((error: unknown) => error);
    if (!OutboxFlushError.isInstance(failed)) throw failed;
    expect(failed.failures.map(({ id, error }) => [id, UniqueConflictError.isInstance(error)])).toEqual([
      [thrown.id, true],
    ]);
    expect(outbox.size).toBe(0);
    expect([held.conflict, dropped.conflict, free.conflict]).toEqual([
      { outcome: 'returned', id: first.id },
      { outcome: 'dropped', id: first.id },
      undefined,
    ]);
    await scene.start();
    expect([await held.get(), await dropped.get(), await first.get()]).toEqual([1, null, 1]);
    // A countdown runs from the call.
    await scene.clock.advance(30_000);
    expect(await free.get()).toBe(2);
  });

  test('that are unique and part of a workflow are sent together or not at all', async () => {
    await using scene = new WorkerScene();
    const job = scene.app.task('job', { unique: true }, (n: number) => n);
    await job.delay(1);
    const outbox = scene.app.outbox();
    await group([job.s(1), job.s(2)]).applyAsync([], { outbox });
    await expect(outbox.flush()).rejects.toMatchObject({ code: 'CTQ_OUTBOX_FLUSH' });
    const both = await group([job.s(2), job.s(3)]).applyAsync([], { outbox });
    await outbox.flush();
    await scene.start();
    expect(await both.get()).toEqual([2, 3]);
  });

  test('are given to a writer all at once, and stay when it fails', async () => {
    await using scene = new WorkerScene();
    const note = scene.app.task('note', (_text: string) => undefined);
    const outbox = scene.app.outbox();
    await note.applyAsync(['a'], { outbox });
    await note.applyAsync(['b'], { outbox, queue: 'other' });
    const full = {
      write: () => {
        throw new Error('full');
      },
    };
    expect(() => outbox.writeTo(full)).toThrow('full');
    const away: MessageWriter<Promise<void>> = { write: () => Promise.reject(new Error('away')) };
    await expect(outbox.writeTo(away)).rejects.toThrow('away');
    const written: string[] = [];
    outbox.writeTo({ write: (messages) => void written.push(...messages.map(({ route }) => route.routingKey)) });
    expect([written, outbox.size]).toEqual([['celery', 'other'], 0]);
    await note.applyAsync(['a'], { outbox, unique: true });
    expect(() => outbox.writeTo({ write: () => undefined })).toThrow(/flush the outbox instead/);
    expect(outbox.size).toBe(1);
  });
});
