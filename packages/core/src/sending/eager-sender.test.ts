import { describe, expect, test } from 'vitest';
import { Ctq } from '../app/ctq.js';
import { memoryBackend } from '../backend/memory-backend.js';

describe('Eager tasks', () => {
  test.each([true, false])(
    'taskStoreEagerResult %s: others see their results [ST-150, ST-167, TR-113]',
    async (isStored) => {
      const backend = memoryBackend();
      await using app = new Ctq('eager', { taskAlwaysEager: true, taskStoreEagerResult: isStored, backend });
      await using reader = new Ctq('reader', { broker: 'memory://', backend });
      const result = await app.task('add', (x: number, y: number) => x + y).delay(2, 3);
      expect(await result.get()).toBe(5);
      expect(await reader.asyncResult(result.id).state()).toBe(isStored ? 'SUCCESS' : 'PENDING');
    },
  );

  test('have the way that they would have been sent, and need no broker [ST-150, TR-109]', async () => {
    await using app = new Ctq('eager', { taskAlwaysEager: true, broker: 'nowhere://x', taskRoutes: { add: 'q' } });
    const add = app.task('add', { bind: true }, (ctx, x: number) => [
      ctx.request.isEager,
      ctx.request.calledDirectly,
      x,
    ]);
    expect(await (await add.delay(1)).get()).toEqual([true, false, 1]);
  });
});

describe('Unique eager tasks', () => {
  test('keep their key as their end says, which is a failure where the result cannot be stored', async () => {
    await using app = new Ctq('eager', { taskAlwaysEager: true, resultMaxSize: 100 });
    const unique = { key: (name: string) => name, states: ['waiting', 'running', 'succeeded'] as const };
    const repeat = app.task('repeat', { unique }, (_name: string, count: number) => 'x'.repeat(count));
    const [first, again] = [await repeat.delay('a', 1_000), await repeat.delay('a', 10)];
    await expect(first.get()).rejects.toThrow(/at most 100 are stored/);
    expect(again.conflict).toBeUndefined();
    expect((await repeat.delay('a', 10)).conflict).toEqual({ outcome: 'returned', id: again.id });
  });
});

describe('stamps', () => {
  test('of a call and of a signature travel with it, and with its retries [TR-099, TR-129]', async () => {
    await using app = new Ctq('eager', { taskAlwaysEager: true });
    const look = app.task('look', { bind: true }, (ctx) =>
      ctx.request.retries === 0 ? ctx.retry({ countdown: 0 }) : [ctx.request.stampedHeaders, ctx.request.stamps],
    );
    expect(await (await look.applyAsync([], { stamps: { tenant: 'blue' } })).get()).toEqual([
      ['tenant'],
      { tenant: 'blue' },
    ]);
    const stamped = look
      .s()
      .set({ stamps: { tenant: 'blue' } })
      .set({ stamps: { order: 17 } });
    expect(await (await stamped.delay()).get()).toEqual([['tenant', 'order'], { tenant: 'blue', order: 17 }]);
    expect(stamped.serialize().options).toMatchObject({
      stamped_headers: ['tenant', 'order'],
      tenant: 'blue',
      order: 17,
    });
  });
});
