import { type AppOptions, type RateLimit, TaskNotRegisteredError } from '@ctq/core';
import { type Delivery, memoryTransport } from '@ctq/messaging';
import { describe, expect, test } from 'vitest';
import { WorkerScene } from '../__fixtures__/worker-scene.js';

const second = 1_000;
const minute = 60 * second;

/** Where messages cannot be parked in the broker. */
function withoutParking(): AppOptions {
  const inner = memoryTransport();
  return { broker: { ...inner, supports: { ...inner.supports, delay: false } } };
}

/** A limited task and one without a limit, that note what they were given and when, in milliseconds from now. */
function setup(rateLimit: RateLimit | null | undefined, options: AppOptions = {}) {
  const scene = new WorkerScene(options);
  const from = scene.clock.now();
  const runs: [given: number, at: number][] = [];
  const note = (given: number): void => void runs.push([given, scene.clock.now() - from]);
  return Object.assign(scene, {
    limited: scene.app.task('limited', rateLimit === undefined ? {} : { rateLimit }, note),
    free: scene.app.task('free', {}, (given: number) => given),
    runs,
    async send(count: number) {
      for (let given = 0; given < count; given += 1) await this.limited.delay(given);
    },
    times: () => runs.map(([, at]) => at),
    order: () => runs.map(([given]) => given),
  });
}

describe('the rate limit of a task', () => {
  test.each<[RateLimit, number]>([
    [4, second / 4],
    ['4', second / 4],
    ['2/s', second / 2],
    ['30/m', 2 * second],
    ['720/h', 5 * second],
  ])(
    '%s spaces its runs on a worker evenly, in the order they came [TR-038, TR-236, TR-237, WK-043, SD-210]',
    async (limit, gapMs) => {
      await using scene = setup(limit);
      await scene.start();
      await scene.send(4);
      await scene.clock.advance(3 * gapMs);
      expect(scene.runs).toEqual([0, 1, 2, 3].map((given) => [given, given * gapMs]));
    },
  );

  test('saves no more than one run for later [TR-236]', async () => {
    await using scene = setup('1/s');
    await scene.start();
    await scene.clock.advance(minute);
    await scene.send(3);
    await scene.clock.advance(2 * second);
    expect(scene.times()).toEqual([minute, minute + second, minute + 2 * second]);
  });

  test.each([null, 0] as const)('%s is none, also over the default [ST-163]', async (limit) => {
    await using scene = setup(limit, { taskDefaultRateLimit: '1/h' });
    await scene.start();
    await scene.send(3);
    await scene.clock.advance(0);
    expect(scene.times()).toEqual([0, 0, 0]);
  });

  test('is taskDefaultRateLimit where it has none of its own [ST-163]', async () => {
    await using scene = setup(undefined, { taskDefaultRateLimit: '1/m' });
    await scene.start();
    await scene.send(2);
    await scene.clock.advance(minute);
    expect(scene.times()).toEqual([0, minute]);
  });

  test('may come from an annotation, in Celery’s spelling too', async () => {
    await using scene = setup(undefined, { taskAnnotations: { limited: { rate_limit: '1/m' } as object } });
    await scene.start();
    await scene.send(2);
    await scene.clock.advance(minute);
    expect(scene.times()).toEqual([0, minute]);
  });

  test('is ignored with workerDisableRateLimits [TR-240, ST-191]', async () => {
    await using scene = setup('1/h', { workerDisableRateLimits: true });
    await scene.start();
    await scene.send(3);
    await scene.clock.advance(0);
    expect(scene.times()).toEqual([0, 0, 0]);
  });

  test('is of each worker [SD-396]', async () => {
    await using scene = setup('1/h');
    for (const queue of ['a', 'b']) {
      await scene.start({ hostname: `${queue}@host`, queues: [queue] });
      for (const given of [0, 1]) await scene.limited.applyAsync([given], { queue });
    }
    await scene.clock.advance(0);
    expect(scene.order()).toEqual([0, 0]);
  });

  test.each(['10/q', '10/', 'ten', '-1', '1/s/s', Number.NaN, -1, true])(
    '%s is refused, with what is allowed [TR-237]',
    (limit) => {
      const scene = new WorkerScene();
      expect(() => scene.app.task('wrong', { rateLimit: limit as RateLimit }, () => 1)).toThrow(
        /^Task wrong, 'rateLimit': .* is not a rate.*'10\/s', '10\/m', '10\/h'/,
      );
    },
  );
});

describe('a call that is early', () => {
  test('counts as received, and has not begun [TR-238, WK-042]', async () => {
    await using scene = setup('1/m');
    const received: string[] = [];
    scene.app.signals.taskReceived.connect(({ task }) => void received.push(task));
    await scene.start();
    await scene.send(3);
    await scene.clock.advance(0);
    expect([received.length, scene.runs.length]).toEqual([3, 1]);
    await scene.clock.advance(2 * minute);
    expect(scene.runs).toHaveLength(3);
  });

  test('waits for its ETA first and for its turn then [TR-239]', async () => {
    for (const options of [{}, withoutParking()]) {
      await using scene = setup('1/m', options);
      await scene.start();
      await scene.limited.applyAsync([0], { countdown: 90 });
      await scene.limited.applyAsync([1], { countdown: 90 });
      await scene.limited.delay(2);
      await scene.clock.advance(89 * second);
      expect(scene.runs).toEqual([[2, 0]]);
      await scene.clock.advance(second + minute);
      expect(scene.times()).toEqual([0, 90 * second, 150 * second]);
    }
  });

  test('does not run any more when it has expired meanwhile', async () => {
    await using scene = setup('1/m');
    await scene.start();
    await scene.limited.delay(0);
    const late = await scene.limited.applyAsync([1], { expires: 10 });
    await scene.clock.advance(2 * minute);
    await expect(late.get()).rejects.toMatchObject({ code: 'CTQ_TASK_REVOKED' });
    expect(scene.order()).toEqual([0]);
  });

  test.each([
    ['with', {}],
    ['without', withoutParking()],
  ])('stands in the way of no other task, however many of them are in front (%s parking)', async (_, options) => {
    await using scene = setup('1/h', options);
    await scene.send(500);
    const behind = await scene.free.delay(7);
    await scene.start({ concurrency: 2, prefetchMultiplier: 2 });
    const got = behind.get();
    await scene.clock.advance(second);
    expect(await got).toBe(7);
    expect(scene.runs).toHaveLength(1);
  });

  test('is held when its turn is near, and else in the broker, where it survives the worker', async () => {
    await using scene = setup('1/s');
    await scene.send(100);
    const worker = await scene.start({ concurrency: 2, prefetchMultiplier: 1 });
    for (let turn = 0; turn < 50; turn += 1) await scene.clock.advance(0);
    // One has run; five get their turn within five seconds.
    expect(await scene.waiting()).toBe(94);
    await scene.clock.advance(99 * second);
    expect(scene.times()).toEqual(Array.from({ length: 100 }, (_, run) => run * second));
    await worker.stop();
    expect(await scene.waiting()).toBe(0);
  });

  test('comes back to look once a minute, not all of them at once', async () => {
    await using scene = setup('1/h');
    let received = 0;
    scene.app.signals.taskReceived.connect(() => void (received += 1));
    await scene.send(300);
    await scene.start();
    await scene.clock.advance(second);
    expect(received).toBe(300);
    await scene.clock.advance(minute);
    expect(received).toBeLessThanOrEqual(300 + 102);
    await scene.clock.advance(3 * second);
    expect(received).toBeGreaterThanOrEqual(300 + 297);
  });

  test('goes back uncharged and in its old order when the worker stops', async () => {
    await using scene = setup('1/m');
    await scene.start().then(async (worker) => {
      await scene.limited.delay(0);
      await scene.clock.advance(0);
      // The next one is held; those behind it are parked.
      await scene.limited.delay(1);
      await scene.clock.advance(0);
      await worker.stop();
    });
    await scene.limited.delay(2);
    const seen: [order: unknown, redelivered: boolean][] = [];
    const connection = await scene.app.connect();
    const consumer = connection.consume({
      queues: [scene.app.kernel.queues.named('celery')],
      onDelivery: (delivery: Delivery) => {
        const [[given]] = JSON.parse(new TextDecoder().decode(delivery.message.body)) as [[number]];
        seen.push([given, delivery.redelivered]);
      },
    });
    await consumer.start();
    await scene.clock.advance(0);
    await consumer.close();
    await connection.close();
    expect(seen).toEqual([
      [1, false],
      [2, false],
    ]);
  });
});

describe('a rate limit that is changed at run time', () => {
  test('drops nothing that waits, and keeps its order [TR-241]', async () => {
    await using scene = setup('1/h');
    const worker = await scene.start();
    await scene.limited.delay(0);
    await scene.limited.delay(1);
    await scene.clock.advance(0);
    expect(scene.times()).toEqual([0]);
    worker.setRateLimit('limited', '60/m');
    await scene.limited.delay(2);
    await scene.limited.delay(3);
    await scene.clock.advance(2 * second);
    expect(scene.order()).toEqual([0, 1, 2, 3]);
    expect(scene.times()).toEqual([0, 0, second, 2 * second]);
  });

  test('fills the buckets of all tasks anew [TR-241]', async () => {
    await using scene = setup('1/h');
    const worker = await scene.start();
    await scene.limited.delay(0);
    await scene.limited.delay(1);
    await scene.clock.advance(0);
    worker.setRateLimit(scene.free, '1/h');
    await scene.clock.advance(0);
    expect(scene.order()).toEqual([0, 1]);
  });

  test.each([null, 0] as const)('to %s is none', async (limit) => {
    await using scene = setup('1/h');
    const worker = await scene.start();
    await scene.limited.delay(0);
    await scene.limited.delay(1);
    await scene.clock.advance(0);
    worker.setRateLimit(scene.limited, limit);
    await scene.send(3);
    await scene.clock.advance(0);
    expect(scene.order()).toEqual([0, 1, 0, 1, 2]);
  });

  test('is refused for what is no rate and for unknown tasks', async () => {
    await using scene = setup('1/h');
    const worker = scene.worker();
    expect(() => worker.setRateLimit('limited', '5/d' as RateLimit)).toThrow(/is not a rate/);
    expect(() => worker.setRateLimit('nobody', '5/s')).toThrow(TaskNotRegisteredError);
  });
});
