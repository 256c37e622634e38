// As a package: the programs of threads and processes are the built ones.
import { describe, expect, test } from 'vitest';
import { ControlScene } from '../__fixtures__/control-scene.js';
import { capturedReply, keysOf, shapeOf } from '../__fixtures__/control-vectors.js';
import { ScriptedHosts } from '../pool/slots/__fixtures__/scripted-hosts.js';
import { poolOf, turn } from '../pool/slots/__fixtures__/scripted-pool.js';
import { SlotPool } from '../pool/slots/slot-pool.js';
import { slotPoolInfo } from '../pool/slots/slot-pool-info.js';

describe('The size of a pool', () => {
  test('grows and shrinks, and with it what the broker is asked for [RC-034, RC-035]', async () => {
    await using scene = new ControlScene();
    const worker = await scene.start({ concurrency: 2 });
    expect(await scene.ask('pool_grow', { n: 3 })).toEqual(capturedReply('pool_grow'));
    expect([worker.concurrency, worker.prefetchCount]).toEqual([5, 5]);
    expect(await scene.ask('pool_shrink')).toEqual(capturedReply('pool_shrink'));
    expect([worker.concurrency, worker.prefetchCount]).toEqual([4, 4]);
    expect(await scene.ask('stats')).toMatchObject({ pool: { 'max-concurrency': 4 }, prefetch_count: 4 });
  });

  test.each(['grow', 'shrink'])(
    'is a matter of its own where it follows the work: %s [RC-034, RC-035]',
    async (way) => {
      await using scene = new ControlScene();
      await scene.start({ autoscale: { min: 1, max: 3 } });
      expect(await scene.ask(`pool_${way}`)).toEqual({
        error: `pool_${way} is not supported with autoscale. Adjust autoscale range instead.`,
      });
    },
  );

  test.each([
    ['pool_shrink', { n: 2 }],
    ['pool_grow', { n: 1e9 }],
    ['pool_grow', { n: -1 }],
    ['pool_grow', { n: 'many' }],
  ])('is one that a pool can have: not %s %j', async (command, args) => {
    await using scene = new ControlScene();
    const worker = await scene.start({ concurrency: 2 });
    expect(await scene.ask(command, args)).toEqual({ error: expect.stringMatching(/^(?:Range|Type|Value)Error\(/) });
    expect(worker.concurrency).toBe(2);
  });

  test('does not change where a pool has one place', async () => {
    await using scene = new ControlScene();
    await scene.start({ pool: 'solo' });
    expect(await scene.ask('pool_grow')).toEqual({ error: expect.stringMatching(/^RangeError\(/) });
  });

  test('is answered for before a slow slot is ready, and a line tells of one that does not get ready', async () => {
    await using scene = new ControlScene();
    const hosts = new ScriptedHosts();
    await scene.start({ pool: poolOf(hosts), module: 'file:///app.js', concurrency: 1 });
    hosts.onStart = () => undefined;
    const asked = scene.ask('pool_grow');
    await expect.poll(() => hosts.all).toHaveLength(2);
    await scene.clock.advance(500);
    expect(await asked).toEqual({ ok: 'pool will grow' });
    hosts.all[1]?.ends(1);
    await scene.line(/Couldn't change the size of the pool to 2/);
  });
});

describe('The range in which a pool follows the work', () => {
  test('is changed: what is too much goes at once, what is missing comes [RC-037]', async () => {
    await using scene = new ControlScene();
    const worker = await scene.start({ autoscale: { min: 1, max: 3 } });
    expect([worker.concurrency, worker.prefetchCount]).toEqual([1, 3]);
    expect(await scene.ask('autoscale', { max: 6, min: 4 })).toEqual({ ok: 'autoscale now max=6 min=4' });
    expect([worker.concurrency, worker.prefetchCount]).toEqual([4, 6]);
    expect(await scene.ask('autoscale', { min: '1' })).toEqual({ ok: 'autoscale now max=6 min=1' });
    expect(await scene.ask('autoscale', { max: 2 })).toEqual({ ok: 'autoscale now max=2 min=1' });
    expect([worker.concurrency, worker.prefetchCount]).toEqual([2, 2]);
    expect(await scene.ask('stats')).toMatchObject({ autoscaler: { max: 2, min: 1, current: 2 } });
  });

  test.each([{ max: 0 }, { min: 4 }, { max: 1e9 }, { max: 'x' }])('is one that can be, not %j', async (args) => {
    await using scene = new ControlScene();
    await scene.start({ autoscale: { min: 1, max: 3 } });
    expect(await scene.ask('autoscale', args)).toEqual({
      error: expect.stringMatching(/^(?:Range|Type|Value)Error\(/),
    });
    expect(await scene.ask('stats')).toMatchObject({ autoscaler: { max: 3, min: 1 } });
  });

  test('is there with autoscale only [RC-037]', async () => {
    await using scene = new ControlScene();
    await scene.start();
    expect(await scene.ask('autoscale', { max: 5, min: 1 })).toEqual(capturedReply('autoscale'));
  });
});

describe('A pool that is restarted', () => {
  test('has new slots: idle ones at once, others when they are done [RC-036, ST-202]', async () => {
    await using scene = new ControlScene({ workerPoolRestarts: true });
    const hosts = new ScriptedHosts();
    const worker = await scene.start({ pool: poolOf(hosts), module: 'file:///app.js', concurrency: 2 });
    await scene.step.delay('a');
    await expect.poll(() => hosts.all.filter(({ given }) => given > 0)).toHaveLength(1);
    const [busy, idle] = hosts.all.toSorted((a, b) => b.given - a.given);
    expect(await scene.ask('pool_restart', { modules: null, reload: false, reloader: null })).toEqual(
      capturedReply('pool_restart'),
    );
    await expect.poll(() => hosts.all).toHaveLength(3);
    expect(idle?.sent.at(-1)).toEqual({ kind: 'close' });
    expect(busy?.sent.some(({ kind }) => kind === 'close')).toBe(false);
    busy?.saysEnded(1);
    await expect.poll(() => hosts.all).toHaveLength(4);
    await turn();
    expect(busy?.sent.at(-1)).toEqual({ kind: 'close' });
    expect(worker.concurrency).toBe(2);
  });

  test('is one that may be [RC-036]', async () => {
    await using scene = new ControlScene();
    await scene.start();
    expect(await scene.ask('pool_restart')).toEqual({ error: "ValueError('Pool restarts not enabled')" });
  });

  test('may be one that has nothing to replace [RC-036]', async () => {
    await using scene = new ControlScene({ workerPoolRestarts: true });
    await scene.start();
    expect(await scene.ask('pool_restart')).toEqual({ ok: 'reload started' });
    expect(await (await scene.step.delay('a')).get()).toBe('a');
  });
});

describe('What is told of slots', () => {
  const slots = [
    { pid: 11, runs: 13, load: 1 },
    { pid: 12, runs: 2, load: 0 },
  ];

  test('in processes has the keys of prefork [RC-063, RC-064, RC-065, RC-066, RC-067]', () => {
    const told = slotPoolInfo({ name: 'processes', slots, fair: true, maxTasks: Number.POSITIVE_INFINITY });
    const { pool } = capturedReply('inspect_stats') as { readonly pool: Readonly<Record<string, unknown>> };
    const outside = ['implementation', 'max-concurrency', 'timeouts'];
    expect(keysOf(told)).toEqual(keysOf(pool).filter((key) => !outside.includes(key)));
    expect(shapeOf(told['writes'])).toEqual(shapeOf(pool['writes']));
    expect(told).toEqual({
      ...{ processes: [11, 12], 'max-tasks-per-child': 'N/A', 'put-guarded-by-semaphore': false },
      writes: {
        ...{ total: 15, avg: '0.50', all: '0.87, 0.13', raw: '13, 2', strategy: 'fair' },
        inqueues: { total: 2, active: 1 },
      },
    });
    expect(slotPoolInfo({ name: 'processes', slots: [], fair: false, maxTasks: 5 })).toMatchObject({
      'max-tasks-per-child': 5,
      writes: { total: 0, avg: '0.00', strategy: 'fast' },
    });
  });

  test.each(['processes', 'threads'])('stands in the statistics: %s [RC-061, RC-062, RC-066, RC-068]', async (name) => {
    await using scene = new ControlScene({ taskTimeLimit: 30 });
    const hosts = new ScriptedHosts();
    await scene.start({
      pool: (context) => new SlotPool(name, context.size ?? 1, hosts.start, context),
      ...{ module: 'file:///app.js', concurrency: 2 },
    });
    const { pool: told } = (await scene.ask('stats')) as { readonly pool: Readonly<Record<string, unknown>> };
    expect(told).toMatchObject({ implementation: `@ctq/worker/pool:${name}`, 'max-concurrency': 2 });
    const { pool: captured } = capturedReply('inspect_stats') as { readonly pool: Readonly<Record<string, unknown>> };
    const inThreads = ['implementation', 'max-concurrency', 'threads'];
    expect(keysOf(told)).toEqual(name === 'processes' ? keysOf(captured) : inThreads);
    expect(told).toMatchObject(name === 'processes' ? { timeouts: [0, 30] } : { threads: 2 });
  });

  test('in threads is how many there are [RC-068]', () => {
    expect(slotPoolInfo({ name: 'threads', slots, fair: false, maxTasks: 1 })).toEqual({ threads: 2 });
  });
});
