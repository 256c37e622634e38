import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ControlFleet, nodes, queues } from './control-fleet.js';
import { eventually } from './mixed-fleet.js';
import { describeOverBrokers } from './places.js';
import { makingPythonMs, pythonWithCelery } from './python/environment.js';
import { Flower } from './python/flower.js';
import { shapeOf } from './shape-of.js';

const ours = nodes.typescript;

describeOverBrokers('Flower', { redis: 'interopFlower', amqp: 'interopFlower' }, (place) => {
  const fleet = new ControlFleet(place, { taskEvents: true });
  const { app } = fleet;
  app.task('shared.echo', (value: unknown) => value);
  // Known to Flower by Python's tasks; it runs until it is told to leave.
  app.task(
    'python.gated',
    { bind: true },
    (ctx, _gate: string) =>
      new Promise((_, reject) => {
        ctx.signal.addEventListener('abort', () => reject(ctx.signal.reason), { once: true });
      }),
  );
  let flower: Flower;

  beforeAll(async () => {
    await fleet.start();
    flower = await Flower.start(await pythonWithCelery(), fleet.site);
    await eventually(async () => (await known()).length === 2);
  }, makingPythonMs);
  afterAll(async () => {
    await flower[Symbol.asyncDispose]();
    await fleet.stop();
  }, 30_000);

  /** Names of the workers that it knows everything of. */
  async function known(): Promise<readonly string[]> {
    const found = await json<Record<string, object>>(flower.get('/api/workers?refresh=1'));
    return Object.keys(found).filter((name) => 'stats' in (found[name] ?? {}));
  }

  async function json<T>(asked: Promise<{ readonly text: string }>): Promise<T> {
    return JSON.parse((await asked).text) as T;
  }

  /** Has it send a task to the ctq worker. */
  async function apply(task: string, args: readonly unknown[]): Promise<string> {
    const sent = await json<{ readonly 'task-id': string }>(
      flower.postJson(`/api/task/async-apply/${task}`, { args, queue: queues.typescript }),
    );
    return sent['task-id'];
  }

  /** What it knows of a task, when that is in a state. */
  async function infoOf(id: string, state: string): Promise<Readonly<Record<string, unknown>>> {
    let found: Readonly<Record<string, unknown>> = {};
    await eventually(async () => {
      const { status, text } = await flower.get(`/api/task/info/${id}`);
      if (status !== 200) return false;
      found = JSON.parse(text) as typeof found;
      return found['state'] === state;
    });
    return found;
  }

  describe('shows', () => {
    test('a ctq worker as it shows one of Python {python → ctq: flower}', async () => {
      const workers = await json<Record<string, Record<string, unknown>>>(flower.get('/api/workers?refresh=1'));
      expect(Object.keys(workers[ours] ?? {}).toSorted()).toEqual(Object.keys(workers[nodes.python] ?? {}).toSorted());
      const queuesOf = (name: string): unknown => shapeOf(workers[name]?.['active_queues']);
      expect(queuesOf(ours)).toEqual(queuesOf(nodes.python));
      const list = await flower.get('/workers');
      expect([list.status, list.text.includes(ours)]).toEqual([200, true]);
      const page = await flower.get(`/worker/${ours}`);
      expect([page.status, page.text.includes(queues.typescript)]).toEqual([200, true]);
    });

    test('tasks that it ran {python → ctq: flower}', async () => {
      const id = await apply('shared.echo', ['shown']);
      expect(await json(flower.get(`/api/task/result/${id}?timeout=10`))).toMatchObject({
        ...{ 'task-id': id, result: 'shown' },
      });
      expect(await infoOf(id, 'SUCCESS')).toMatchObject({
        ...{ name: 'shared.echo', args: "['shown']", kwargs: '{}', result: "'shown'", root: id },
      });
      const page = await flower.get(`/task/${id}`);
      expect([page.status, page.text.includes('shared.echo')]).toEqual([200, true]);
      const listed = await json<Record<string, { readonly worker: string }>>(
        flower.get(`/api/tasks?workername=${encodeURIComponent(ours)}`),
      );
      expect(listed[id]).toMatchObject({ worker: ours });
      expect((await flower.get('/tasks')).status).toBe(200);
    });

    test('metrics of it {python → ctq: flower}', async () => {
      await infoOf(await apply('shared.echo', [1]), 'SUCCESS');
      const { text } = await flower.get('/metrics');
      expect(text).toContain(`flower_worker_online{worker="${ours}"} 1.0`);
      expect(text).toMatch(
        new RegExp(`flower_events_total\\{task="shared.echo",type="task-succeeded",worker="${ours}"\\} \\d`),
      );
      expect(text).toMatch(
        new RegExp(`flower_task_runtime_seconds_count\\{task="shared.echo",worker="${ours}"\\} \\d`),
      );
    });
  });

  describe('tells a ctq worker', () => {
    test('to leave a task that runs {python → ctq: flower}', async () => {
      const id = await apply('python.gated', ['never']);
      await infoOf(id, 'STARTED');
      expect((await flower.post(`/api/task/revoke/${id}?terminate=true`)).status).toBe(200);
      await infoOf(id, 'REVOKED');
    });

    test.each([
      [
        'a rate',
        '/api/task/rate-limit/shared.echo',
        { workername: ours, ratelimit: '100/s' },
        'new rate limit set successfully',
      ],
      [
        'limits of time',
        '/api/task/timeout/shared.echo',
        { workername: ours, soft: '5', hard: '10' },
        'time limits set successfully',
      ],
      ['to consume from a queue', `/api/worker/queue/add-consumer/${ours}`, { queue: 'more' }, 'add consumer more'],
      [
        'to leave a queue',
        `/api/worker/queue/cancel-consumer/${ours}`,
        { queue: 'more' },
        'no longer consuming from more',
      ],
      ['to run more at a time', `/api/worker/pool/grow/${ours}`, { n: '2' }, `Growing '${ours}' worker's pool by 2`],
      [
        'to run less at a time',
        `/api/worker/pool/shrink/${ours}`,
        { n: '2' },
        `Shrinking '${ours}' worker's pool by 2`,
      ],
    ])('%s {python → ctq: flower}', async (_, path, form, message) => {
      const { status, text } = await flower.post(path, form);
      expect([status, JSON.parse(text)]).toEqual([200, { message }]);
    });

    test.each([
      [
        'between how many to run where it was not started so',
        `/api/worker/pool/autoscale/${ours}`,
        { min: '1', max: '3' },
        'Autoscale not enabled',
      ],
      [
        'to restart its pool where that is not allowed',
        `/api/worker/pool/restart/${ours}`,
        {},
        'Pool restarts not enabled',
      ],
    ])('%s, and says why it does not {python → ctq: flower}', async (_, path, form, reason) => {
      const { status, text } = await flower.post(path, form);
      expect([status, text.includes(reason)]).toEqual([403, true]);
    });

    test('to shut down {python → ctq: flower}', async () => {
      expect((await flower.post(`/api/worker/shutdown/${ours}`)).status).toBe(200);
      await fleet.worker.finished;
      expect(fleet.worker.phase).toBe('stopped');
    });
  });
});
