import { MemoryBroker, memoryTransport } from '@ctq/messaging';
import { deferred } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import type { AppOptions } from '../app/app-kernel.js';
import { Ctq } from '../app/ctq.js';
import type { Interceptor } from '../interceptor/interceptor.js';
import { decodeTask } from '../protocol/decode-task.js';
import { EnqueueManyError } from './enqueue-many.js';

function setup(options: AppOptions = {}) {
  const app = new Ctq('shop', { broker: memoryTransport(), ...options });
  const pack = app.task('pack', (x: number) => x);
  /** The arguments in the queue, in its order. */
  const queued = async (queue = 'celery'): Promise<unknown[]> => {
    await using connection = await app.connect();
    const channel = await connection.openChannel();
    const found: unknown[] = [];
    for (let next = await channel.get(queue); next !== undefined; next = await channel.get(queue)) {
      found.push(...decodeTask(next.message, app.kernel.content).args);
      await next.ack();
    }
    return found;
  };
  return { app, pack, queued };
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);

describe('enqueueMany', () => {
  test('sends all calls in their order and gives their handles', async () => {
    const { pack, queued } = setup();
    const handles = await pack.enqueueMany(
      numbers(2_500).map((x): [number] => [x]),
      { batchSize: 1_000 },
    );
    expect(handles).toHaveLength(2_500);
    expect(new Set(handles.map(({ id }) => id)).size).toBe(2_500);
    expect(await queued()).toEqual(numbers(2_500));
  });

  test('has options for all calls, and for one over these', async () => {
    const { pack, queued } = setup();
    const [, second] = await pack.enqueueMany([[1], { args: [2], options: { queue: 'other', taskId: 'mine' } }, [3]], {
      queue: 'bulk',
    });
    expect(second?.id).toBe('mine');
    expect(await queued('bulk')).toEqual([1, 3]);
    expect(await queued('other')).toEqual([2]);
  });

  test('a batch travels in one push to the broker', async () => {
    const broker = new MemoryBroker();
    const pushes: number[] = [];
    const store = broker.push.bind(broker);
    broker.push = (entries) => {
      pushes.push(entries.length);
      return store(entries);
    };
    const { app, pack } = setup({ broker: memoryTransport({ broker }) });
    await pack.delay(0);
    pushes.length = 0;
    await pack.enqueueMany(
      numbers(300).map((x): [number] => [x]),
      { batchSize: 100 },
    );
    // Two batches are under way, and may go together.
    expect(pushes.length).toBeLessThanOrEqual(3);
    expect(pushes.reduce((sum, size) => sum + size, 0)).toBe(300);
    await app.close();
  });

  test('reads a source no further than two batches before the broker has taken one', async () => {
    const gate = deferred();
    const held: Interceptor = {
      name: 'held',
      publish: async (call, next) => {
        await gate.promise;
        await next(call);
      },
    };
    const { pack } = setup({ interceptors: [held] });
    let read = 0;
    const readTwenty = deferred();
    async function* source(): AsyncGenerator<[number]> {
      while (read < 50) {
        read += 1;
        if (read === 20) readTwenty.resolve();
        yield [read];
      }
    }
    const sizes: number[] = [];
    const sending = pack.enqueueMany(source(), {
      batchSize: 10,
      onBatch: (handles) => void sizes.push(handles.length),
    });
    await readTwenty.promise;
    for (let turn = 0; turn < 20; turn += 1) await new Promise<void>((resolve) => void setImmediate(resolve));
    expect(read).toBe(20);
    expect(sizes).toEqual([]);
    gate.resolve();
    expect(await sending).toBe(50);
    expect(sizes).toEqual([10, 10, 10, 10, 10]);
  });

  test('says which calls could not be sent, and sends nothing after their batch', async () => {
    const odd: Interceptor = {
      name: 'odd',
      publish: async (call, next) => {
        if (call.id === 'bad') throw new Error('refused');
        await next(call);
      },
    };
    const { pack, queued } = setup({ interceptors: [odd] });
    const calls = numbers(10).map((x) => ({ args: [x] as [number], options: x === 3 ? { taskId: 'bad' } : {} }));
    const error: unknown = await pack.enqueueMany(calls, { batchSize: 2 }).catch((thrown: unknown) => thrown);
    expect(EnqueueManyError.isInstance(error)).toBe(true);
    expect(error).toMatchObject({
      code: 'CTQ_ENQUEUE_MANY',
      accepted: 5,
      failures: [{ index: 3, error: expect.objectContaining({ message: 'refused' }) }],
    });
    expect(await queued()).toEqual([0, 1, 2, 4, 5]);
  });

  test('ends with the reason of its signal, after what was under way', async () => {
    const { pack, queued } = setup();
    const ending = new AbortController();
    const reason = new Error('enough');
    const sending = pack.enqueueMany(
      numbers(10).map((x): [number] => [x]),
      { batchSize: 2, signal: ending.signal, onBatch: () => ending.abort(reason) },
    );
    await expect(sending).rejects.toBe(reason);
    expect(await queued()).toEqual([0, 1, 2, 3]);
  });

  test('refuses a batch of nothing, and sends nothing of nothing', async () => {
    const { pack, queued } = setup();
    await expect(pack.enqueueMany([[1]], { batchSize: 0 })).rejects.toThrow(RangeError);
    expect(await pack.enqueueMany([])).toEqual([]);
    expect(await queued()).toEqual([]);
  });
});
