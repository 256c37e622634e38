import { describe, expect, test } from 'vitest';
import { ControlScene } from '../__fixtures__/control-scene.js';
import { capturedReplies, capturedReply } from '../__fixtures__/control-vectors.js';
import { losable } from '../__fixtures__/losable.js';

describe('A worker that is told to consume from a queue', () => {
  test('does, and tells so [RC-013, RC-039]', async () => {
    await using scene = new ControlScene();
    const worker = await scene.start();
    const args = { queue: 'extra', exchange: null, exchange_type: 'direct', routing_key: null };
    for (const captured of capturedReplies('add_consumer'))
      expect(await scene.ask('add_consumer', args)).toEqual(captured);
    expect(await scene.ask('active_queues')).toMatchObject([
      { name: 'celery' },
      { name: 'extra', exchange: { name: 'extra', type: 'direct' }, routing_key: 'extra', durable: true },
    ]);
    expect(worker.queues.map(({ name }) => name)).toEqual(['celery', 'extra']);
    expect(await (await scene.step.applyAsync(['a'], { queue: 'extra' })).get()).toBe('a');
  });

  test('makes it as it is told to [RC-039]', async () => {
    await using scene = new ControlScene();
    await scene.start();
    const args = { queue: 'extra2', exchange: 'ex2', exchange_type: 'topic', routing_key: 'a.#', queue_durable: false };
    expect(await scene.ask('add_consumer', args)).toEqual(capturedReply('add_consumer_topic'));
    expect(await scene.ask('active_queues')).toMatchObject([
      {},
      { durable: false, exchange: { name: 'ex2', type: 'topic', durable: true }, routing_key: 'a.#' },
    ]);
    expect(await (await scene.step.applyAsync(['a'], { exchange: 'ex2', routingKey: 'a.b' })).get()).toBe('a');
  });

  test('makes it as taskQueues says [RC-039]', async () => {
    const images = { exchange: 'media', exchangeType: 'topic', routingKey: 'image.#' } as const;
    await using scene = new ControlScene({ taskQueues: { celery: {}, images } });
    await scene.start({ queues: ['celery'] });
    await scene.ask('add_consumer', { queue: 'images', exchange: 'other' });
    expect(await scene.ask('active_queues')).toMatchObject([
      {},
      { exchange: { name: 'media' }, routing_key: 'image.#' },
    ]);
  });

  test.each([
    [{}],
    [{ queue: 7 }],
    [{ queue: 'x', exchange_type: 'odd' }],
    [{ queue: 'x', queue_durable: 'perhaps' }],
    [{ queue: 'x', fly: true }],
  ])('is told which one, and knows what is said of it: not %j [RC-039]', async (args) => {
    await using scene = new ControlScene();
    await scene.start();
    expect(await scene.ask('add_consumer', args)).toEqual({ error: expect.stringMatching(/^TypeError\(/) });
    expect(await scene.ask('active_queues')).toHaveLength(1);
  });
});

describe('A worker that is told not to consume from a queue', () => {
  test('leaves what comes there, and says so of a queue that it never had, too [RC-040]', async () => {
    await using scene = new ControlScene();
    await scene.start({ queues: ['celery', 'extra'] });
    for (const captured of capturedReplies('cancel_consumer'))
      expect(await scene.ask('cancel_consumer', { queue: 'extra' })).toEqual(captured);
    await scene.step.applyAsync(['a'], { queue: 'extra' });
    await (await scene.step.delay('b')).get();
    expect(await scene.waiting('extra')).toBe(1);
    expect(await scene.ask('cancel_consumer', { queue: 'never' })).toEqual({ ok: 'no longer consuming from never' });
    await scene.ask('add_consumer', { queue: 'extra' });
    await expect.poll(() => scene.ran).toEqual(['b', 'a']);
  });
});

describe('What a worker is told of queues', () => {
  test('holds when the connection was lost and is back [RC-039, RC-040]', async () => {
    const { transport, lose } = losable();
    await using scene = new ControlScene({ broker: transport });
    const worker = await scene.start({ queues: ['celery', 'given'] });
    await scene.ask('add_consumer', { queue: 'extra' });
    await scene.ask('cancel_consumer', { queue: 'given' });
    lose();
    await scene.line(/Lost the connection/);
    await expect
      .poll(async () => {
        await scene.clock.advance(1_000);
        return worker.status().isConsuming;
      })
      .toBe(true);
    await scene.step.applyAsync(['given'], { queue: 'given' });
    await scene.step.applyAsync(['extra'], { queue: 'extra' });
    await expect
      .poll(async () => {
        await scene.clock.advance(1_000);
        return scene.ran;
      })
      .toEqual(['extra']);
    expect(await scene.waiting('given')).toBe(1);
  });

  test('is heard, and begins nothing, while it stops', async () => {
    await using scene = new ControlScene();
    const { worker } = await scene.busy();
    const stopped = worker.stop();
    await scene.clock.advance(0);
    expect(await scene.ask('add_consumer', { queue: 'extra' })).toEqual({ ok: 'add consumer extra' });
    expect(await scene.ask('cancel_consumer', { queue: 'celery' })).toEqual({ ok: 'no longer consuming from celery' });
    await scene.step.applyAsync(['a'], { queue: 'extra' });
    scene.go.resolve();
    await stopped;
    expect(scene.ran).toEqual([7]);
    expect(await scene.waiting('extra')).toBe(1);
  });
});
