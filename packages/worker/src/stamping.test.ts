import { chain, chord, group, type StampingVisitor, TaskRevokedError } from '@ctq/core';
import type { TaskReceivedEvent } from '@ctq/core';
import { describe, expect, test } from 'vitest';
import { WorkerScene } from './__fixtures__/worker-scene.js';

const soon = { timeout: 10 };

function setup(options: ConstructorParameters<typeof WorkerScene>[0] = {}) {
  const scene = new WorkerScene(options);
  const received: TaskReceivedEvent[] = [];
  scene.app.signals.taskReceived.connect((event) => void received.push(event));
  return {
    scene,
    received,
    add: scene.app.task('add', (x: number, y: number) => x + y),
    mul: scene.app.task('mul', (x: number, y: number) => x * y),
    sum: scene.app.task('sum', (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0)),
    same: scene.app.task('same', (value: unknown) => value),
    look: scene.app.task('look', { bind: true }, ({ request }, _before?: unknown) => [
      request.stampedHeaders,
      request.stamps,
    ]),
  };
}

describe('A stamped workflow through a worker', () => {
  test('runs, and every task of it has the stamps, what is linked to it included [CV-287, CV-292]', async () => {
    const { scene, received, add, sum, same } = setup();
    await using _ = scene;
    await scene.start({ concurrency: 2 });
    const visitor: StampingVisitor = {
      onSignature: () => ({ on_signature: 42 }),
      onCallback: () => ({ on_callback: true }),
    };
    const flow = chain(
      group([chain(add.s(1, 2), add.s(3)), chain(add.s(4, 5), add.s(6)), add.si(20, 1)]),
      group([sum.s(), sum.s()]),
    );
    const linked = flow.link(same.si('link')).linkError(same.si('error')).stamp(visitor);
    const linkRan = new Promise((resolve) => {
      scene.app.signals.taskSuccess.connect(({ context }) => resolve(context.request.stamps), { sender: 'same' });
    });
    const result = await linked.delay();
    expect(await result.get(soon)).toEqual([42, 42]);
    expect(await linkRan).toEqual({ on_callback: true, on_signature: 42 });
    const ofFlow = received.filter(({ task }) => task === 'add' || task === 'sum');
    expect(ofFlow).toHaveLength(7);
    for (const { message } of ofFlow) {
      expect(message.stampedHeaders).toEqual(['on_signature']);
      expect(message.stamps).toEqual({ on_signature: 42 });
    }
  });

  test('gives what it gives without stamps [CV-288]', async () => {
    const { scene, mul, sum, same } = setup();
    await using _ = scene;
    await scene.start();
    const numbers = scene.app.task('number', (value: number) => value);
    const flow = chain(
      group([1, 2, 3].map((n) => numbers.s(n))),
      sum.s(),
      chord([mul.s(10), mul.s(10), mul.s(10)], sum.s()),
    );
    const stamped = flow.link(same.s()).stamp({ tenant: 'blue' });
    expect(await (await stamped.delay()).get(soon)).toBe(180);
  });

  test.each([
    ['a number', 42],
    ['a list', [4, 2]],
    ['an object', { of: ['four', 2] }],
    ['null', null],
  ])('shows a task %s as the visitor gave it [CV-136, CV-289]', async (_what, value) => {
    const { scene, look } = setup();
    await using _ = scene;
    await scene.start();
    const result = await look
      .s()
      .stamp({ onSignature: () => ({ stamp: value }) })
      .delay();
    expect(await result.get(soon)).toEqual([['stamp'], { stamp: value }]);
  });

  test('is told with its stamps when a task of it is received [CV-291]', async () => {
    const { scene, received, add } = setup();
    await using _ = scene;
    await scene.start();
    await (await add.s(1, 1).stamp({ stamp: 42 }).delay()).get(soon);
    await (await add.delay(1, 1)).get(soon);
    expect(received.map(({ message: { stampedHeaders, stamps } }) => [stampedHeaders, stamps])).toEqual([
      [['stamp'], { stamp: 42 }],
      [null, {}],
    ]);
  });

  test('keeps its stamps when a task of it is retried [CV-295, CV-392]', async () => {
    const { scene, received, look } = setup();
    await using _ = scene;
    const again = scene.app.task('again', { bind: true }, (ctx) => {
      if (ctx.request.retries === 0) ctx.retry({ countdown: 0 });
      return ctx.request.stamps;
    });
    await scene.start();
    const result = await chain(again.si(), look.s())
      .stamp({ stamp: 42, tags: ['a'] })
      .delay();
    expect(await result.get(soon)).toEqual([['stamp', 'tags'], { stamp: 42, tags: ['a'] }]);
    expect(received.map(({ task, message }) => [task, message.retries, message.stamps])).toEqual([
      ['again', 0, { stamp: 42, tags: ['a'] }],
      ['again', 1, { stamp: 42, tags: ['a'] }],
      ['look', 0, { stamp: 42, tags: ['a'] }],
    ]);
  });

  test('has its stamps in the extended results of its tasks [CV-139]', async () => {
    const { scene, add } = setup({ resultExtended: true });
    await using _ = scene;
    await scene.start();
    const result = await group([add.s(1, 1), add.s(2, 2)])
      .stamp({ tenant: 'blue', tags: ['a'] })
      .delay();
    await result.get(soon);
    for (const one of result.results) {
      expect((await scene.app.asyncResult(one.id).record())?.extended).toMatchObject({
        ...{ name: 'add', stampedHeaders: ['tenant', 'tags'], stamps: { tenant: 'blue', tags: ['a'] } },
      });
    }
  });

  test('is revoked as a whole by a stamp [CV-141]', async () => {
    const { scene, add, sum } = setup();
    await using _ = scene;
    await scene.app.revokeByStampedHeaders({ flow: 'one' });
    const flow = chord([add.s(1, 1), add.s(2, 2)], sum.s());
    const revoked = await group([add.s(1, 1), add.s(2, 2)])
      .stamp({ flow: 'one' })
      .delay();
    const other = await flow.stamp({ flow: 'other' }).delay();
    await scene.start();
    expect(await other.get(soon)).toBe(6);
    for (const one of revoked.results) await expect(one.get(soon)).rejects.toThrow(TaskRevokedError);
  });
});

describe('A call', () => {
  test('is stamped when it is made, and before it is published [CV-142]', async () => {
    const { scene, look } = setup({
      interceptors: [
        {
          name: 'stamper',
          publish: (call, next) => {
            const { headers } = call.message;
            const stamps = { ...(headers['stamps'] as object), by: 'interceptor' };
            const changed = { ...headers, stamped_headers: Object.keys(stamps), stamps };
            return next({ ...call, message: { ...call.message, headers: changed } });
          },
        },
      ],
    });
    await using _ = scene;
    scene.app.signals.beforeTaskPublish.connect(({ headers }) => {
      headers['stamps'] = { ...(headers['stamps'] as object), monitoring: '17' };
      headers['stamped_headers'] = [...(headers['stamped_headers'] as readonly string[]), 'monitoring'];
    });
    await scene.start();
    const result = await look.applyAsync([], { headers: { trace: 'abc' }, stamps: { tenant: 'blue' } });
    expect(await result.get(soon)).toEqual([
      ['tenant', 'by', 'monitoring'],
      { tenant: 'blue', by: 'interceptor', monitoring: '17' },
    ]);
  });
});
