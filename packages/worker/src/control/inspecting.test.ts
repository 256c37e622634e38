import { memoryBackend } from '@ctq/core/backend';
import { exchange, memoryTransport, queue, type Serializer } from '@ctq/messaging';
import { describe, expect, test } from 'vitest';
import { ControlScene } from '../__fixtures__/control-scene.js';
import { encode } from '../__fixtures__/worker-scene.js';
import { capturedReplies, capturedReply, keysOf, shapeOf } from '../__fixtures__/control-vectors.js';

type Members = Readonly<Record<string, unknown>>;

describe('What a worker runs', () => {
  test('is told with the values of its arguments [RC-010, RC-044, RC-045, RC-046, RC-047, RC-048, RC-049, RC-050, RC-051, RC-052, RC-053, RC-054, RC-055, RC-056]', async () => {
    await using scene = new ControlScene();
    const { id } = await scene.busy();
    const told = await scene.ask('active');
    expect(told).toEqual([
      {
        ...{ id, name: 'gate', args: [7], kwargs: {}, type: 'gate', hostname: 'w1@host' },
        ...{ time_start: scene.clock.now() / 1_000, acknowledged: false, worker_pid: process.pid },
        delivery_info: { exchange: '', routing_key: 'celery', priority: 0, redelivered: false },
      },
    ]);
    expect(shapeOf(told)).toEqual(shapeOf(capturedReply('inspect_active')));
    expect(await scene.ask('dump_active', { safe: null })).toEqual(told);
  });

  test('is told with the texts that came with the message where it is to be safe [RC-010, RC-046, RC-047]', async () => {
    await using scene = new ControlScene();
    await scene.busy();
    const told = await scene.ask('active', { safe: true });
    expect(told).toMatchObject([{ args: '(7,)', kwargs: '{}' }]);
    expect(shapeOf(told)).toEqual(shapeOf(capturedReply('inspect_active_safe')));
  });

  test('has the name that it is shown by, and the one of its task [RC-045, RC-048]', async () => {
    await using scene = new ControlScene();
    await scene.start();
    await scene.gate.applyAsync(['x'], { shadow: 'other' });
    await scene.begun.promise;
    expect(await scene.ask('active')).toMatchObject([{ name: 'other', type: 'gate' }]);
  });

  test('is told with texts where no answer can hold its values, and others are told of all the same', async () => {
    const circle: Record<string, unknown> = {};
    circle['self'] = circle;
    const odd: Serializer = {
      ...{ name: 'odd', contentType: 'x/odd', contentEncoding: 'utf-8' },
      encode: () => new Uint8Array(),
      decode: () => [[circle], {}, {}],
    };
    await using scene = new ControlScene({
      serializers: [odd],
      acceptContent: ['json', 'odd'],
    });
    await scene.start();
    await scene.publish({
      body: encode('odd'),
      contentType: 'x/odd',
      headers: { task: 'gate', id: 'odd', argsrepr: '(odd,)', kwargsrepr: '{}' },
    });
    await scene.publishTask('gate', [['plain'], {}, {}], { id: 'other' });
    await expect.poll(() => scene.ask('active')).toMatchObject([{ args: '(odd,)', kwargs: '{}' }, { args: ['plain'] }]);
  });

  test('is acknowledged where that is done before it runs [RC-051]', async () => {
    await using scene = new ControlScene({ taskAcksLate: false });
    await scene.busy();
    expect(await scene.ask('active')).toMatchObject([{ acknowledged: true }]);
  });
});

describe('What a worker has and does not run', () => {
  test('is reserved [RC-009, RC-050, RC-056]', async () => {
    await using scene = new ControlScene();
    await scene.busy();
    expect(await scene.ask('reserved')).toEqual(capturedReply('inspect_reserved'));
    const { id } = await scene.step.delay('waits');
    await scene.received(id);
    const told = await scene.ask('dump_reserved');
    expect(told).toMatchObject([{ id, time_start: null, worker_pid: null, acknowledged: false }]);
    expect(keysOf((told as Members[])[0])).toEqual(keysOf((capturedReply('inspect_active') as Members[])[0]));
    expect(await scene.ask('active')).toHaveLength(1);
  });

  test('is reserved where a rate limit keeps it', async () => {
    await using scene = new ControlScene();
    const limited = scene.app.task('limited', { rateLimit: '1/h' }, () => undefined);
    await scene.start();
    await (await limited.delay()).get();
    const { id } = await limited.delay();
    await scene.received(id);
    expect(await scene.ask('reserved')).toMatchObject([{ id, type: 'limited' }]);
  });

  test.each([
    ['parked it in the broker', true],
    ['holds it', false],
  ])('is scheduled where it waits for its time and the worker %s [RC-008]', async (_how, parks) => {
    const memory = memoryTransport();
    const broker = parks ? memory : Object.assign(memory, { supports: { ...memory.supports, delay: false } });
    await using scene = new ControlScene({ broker });
    await scene.start();
    expect(await scene.ask('scheduled')).toEqual([]);
    const result = await scene.step.applyAsync([7], { countdown: 60 });
    await scene.line(/ETA/);
    const told = await scene.ask('scheduled');
    expect(told).toMatchObject([{ priority: 6, request: { id: result.id, acknowledged: false, time_start: null } }]);
    expect(shapeOf(told)).toEqual(shapeOf(capturedReply('inspect_scheduled')));
    const [{ eta }] = told as [{ readonly eta: string }];
    expect(Date.parse(eta)).toBe(scene.clock.now() + 60_000);
    expect(await scene.ask('query_task', { ids: [result.id] })).toEqual({});
    await scene.clock.advance(60_000);
    await result.get();
    expect(await scene.ask('dump_schedule')).toEqual([]);
  });

  test('is told of the last 1,000 that were parked, and of less where they are large', async () => {
    await using scene = new ControlScene();
    await scene.start();
    const later = async (values: readonly unknown[]): Promise<void> => {
      for (const value of values) await scene.step.applyAsync([value], { countdown: 60 });
      await scene.clock.advance(0);
    };
    const told = async () =>
      ((await scene.ask('scheduled')) as readonly { readonly request: { readonly args: readonly unknown[] } }[]).map(
        ({ request }) => request.args[0],
      );
    await later(Array.from({ length: 1_010 }, (_, place) => place));
    await expect.poll(told).toHaveLength(1_000);
    expect((await told()).at(-1)).toBe(1_009);
    const large = 'x'.repeat(1_024 * 1_024);
    await later(Array.from({ length: 20 }, (_, place) => `${place} ${large}`));
    await expect
      .poll(async () => (await told()).map((value) => String(value).slice(0, 2)))
      .toEqual(['13', '14', '15', '16', '17', '18', '19']);
  });

  test('is found by its id, with where it is; others are left out [RC-004]', async () => {
    await using scene = new ControlScene();
    const { id: active } = await scene.busy();
    const { id: waiting } = await scene.step.delay('waits');
    await scene.received(waiting);
    const told = await scene.ask('query_task', { ids: [active, waiting, 'nobody'] });
    expect(told).toMatchObject({ [active]: ['active', { id: active }], [waiting]: ['reserved', { id: waiting }] });
    expect(keysOf(told)).toEqual([active, waiting].toSorted());
    const [captured] = Object.values(capturedReply('inspect_query_task') as Members);
    expect(shapeOf((told as Members)[active])).toEqual(shapeOf(captured));
    expect(await scene.ask('query_task', { ids: active })).toMatchObject({ [active]: ['active', {}] });
    expect(await scene.ask('query_task', { ids: ['nobody'] })).toEqual({});
  });
});

describe('What a worker can run', () => {
  function setup() {
    const scene = new ControlScene();
    scene.app.task('limited', { rateLimit: '10/m', maxRetries: null, softTimeLimit: 5, acksLate: false }, () => 1);
    return scene;
  }

  test('is told by name, with what is set of it; built-in tasks where they are asked for [RC-012]', async () => {
    await using scene = setup();
    await scene.start();
    expect(await scene.ask('registered', { taskinfoitems: [] })).toEqual(['gate', 'limited [rate_limit=10/m]', 'step']);
    const all = await scene.ask('dump_tasks', { builtins: true });
    expect(all).toEqual(expect.arrayContaining(['celery.chord_unlock', 'gate']));
    expect(all).toEqual([...(all as string[])].toSorted());
  });

  test('is told with the attributes that are asked for, Celery has their names [RC-012]', async () => {
    await using scene = setup();
    await scene.start();
    expect(await scene.ask('registered', { taskinfoitems: ['rate_limit', 'max_retries'] })).toEqual([
      'gate [max_retries=3]',
      'limited [rate_limit=10/m]',
      'step [max_retries=3]',
    ]);
    expect(capturedReply('inspect_registered_items')).toContain('wire.add [max_retries=3]');
    expect(
      await scene.ask('registered', { taskinfoitems: ['acks_late', 'soft_time_limit', '__proto__', 'run'] }),
    ).toEqual(['gate [acks_late=True]', 'limited [acks_late=False soft_time_limit=5]', 'step [acks_late=True]']);
  });
});

describe('The configuration of a worker', () => {
  const secret = 'geheim';

  test('is told under the names of Celery without what is secret [RC-002, RC-003]', async () => {
    await using scene = new ControlScene({
      broker: Object.assign(memoryTransport(), { url: 'memory://' }),
      securityKeyPassword: secret,
      workerConcurrency: 3,
      acceptContent: ['json'],
      brokerTransportOptions: { sentinelKwargs: { password: secret }, socketTimeout: 3 },
      resultBackendTransportOptions: { url: `redis://me:${secret}@host/1` },
    });
    await scene.start();
    const told = (await scene.ask('conf', { with_defaults: false })) as Members;
    expect(told).toMatchObject({
      security_key_password: '********',
      worker_concurrency: 3,
      accept_content: ['json'],
      broker_transport_options: { sentinelKwargs: { password: '********' }, socketTimeout: 3 },
    });
    expect(JSON.stringify(told)).not.toContain(secret);
    expect(told).not.toHaveProperty('worker_prefetch_multiplier');
    expect(Object.keys(told).every((key) => /^[a-z0-9_]+$/.test(key))).toBe(true);
    expect(await scene.ask('dump_conf', { with_defaults: 'yes' })).toMatchObject({ worker_prefetch_multiplier: 4 });
  });

  test('stands in its report [RC-001]', async () => {
    await using scene = new ControlScene({ workerConcurrency: 3, securityKeyPassword: secret });
    await scene.start();
    const { ok: text } = (await scene.ask('report')) as { readonly ok: string };
    const labels = (report: string) =>
      report
        .split('\n')
        .map((line) => /^(\w+) +->/.exec(line)?.[1])
        .filter(Boolean);
    const { ok: captured } = capturedReply('inspect_report') as { readonly ok: string };
    expect(labels(text)).toEqual(labels(captured));
    expect(text).toMatch(/^\nsoftware -> ctq:\d+\.\d+\.\d+ node:/);
    expect(text).toContain('settings -> transport:memory:// results:memory://');
    expect(text).toContain('workerConcurrency: 3');
    expect(text).not.toContain(secret);
  });
});

describe('The statistics of a worker', () => {
  const broker = Object.assign(memoryTransport(), { url: 'amqps://guest:**@rabbit.example:5671/shop' });

  test('have the keys of Celery [RC-007, RC-057, RC-058, RC-059, RC-060, RC-071, RC-073]', async () => {
    await using scene = new ControlScene();
    await scene.start({ concurrency: 3 });
    for (const name of ['a', 'b']) await (await scene.step.delay(name)).get();
    await scene.clock.advance(90_400);
    const told = (await scene.ask('stats')) as Members;
    for (const captured of capturedReplies('inspect_stats')) {
      expect(keysOf(told)).toEqual(keysOf(captured));
      expect(shapeOf(told['rusage'])).toEqual(shapeOf((captured as Members)['rusage']));
    }
    expect(told).toMatchObject({ total: { step: 2 }, pid: process.pid, uptime: 90, prefetch_count: 3 });
    expect(told['clock']).toMatch(/^\d+$/);
  });

  test('tell where the broker is, and not how one gets in [RC-070]', async () => {
    await using scene = new ControlScene({ broker, brokerTransportOptions: { password: 'geheim' } });
    await scene.start();
    const { broker: told } = (await scene.ask('stats')) as { readonly broker: Members };
    for (const captured of capturedReplies('inspect_stats'))
      expect(keysOf(told)).toEqual(keysOf((captured as Members)['broker']));
    expect(told).toMatchObject({
      ...{ hostname: 'rabbit.example', userid: 'guest', port: 5671, virtual_host: 'shop', ssl: true },
      ...{ connect_timeout: 4, heartbeat: 120, failover_strategy: 'round-robin', alternates: [] },
      transport_options: { password: '********' },
    });
  });

  test('of the pool of functions are those of green threads [RC-061, RC-062, RC-069]', async () => {
    await using scene = new ControlScene();
    await scene.busy({ concurrency: 4 });
    expect(await scene.ask('stats')).toMatchObject({
      pool: {
        ...{ implementation: '@ctq/worker/pool:async', 'max-concurrency': 4 },
        ...{ 'free-threads': 3, 'running-threads': 1 },
      },
    });
  });

  test('of the solo pool are those of its one process [RC-063, RC-064, RC-065, RC-066]', async () => {
    await using scene = new ControlScene();
    await scene.start({ pool: 'solo' });
    expect(await scene.ask('stats')).toMatchObject({
      pool: {
        ...{ implementation: '@ctq/worker/pool:solo', 'max-concurrency': 1, processes: [process.pid] },
        ...{ 'max-tasks-per-child': null, 'put-guarded-by-semaphore': true, timeouts: [] },
      },
    });
  });

  test('say between how many the concurrency changes, where it does [RC-072]', async () => {
    await using scene = new ControlScene();
    await scene.start({ autoscale: { min: 2, max: 5 } });
    expect(await scene.ask('stats')).toMatchObject({ autoscaler: { max: 5, min: 2, current: 2, qty: 0 } });
  });
});

describe('The logical clock of a worker', () => {
  test('is told, and is later the next time [RC-005]', async () => {
    await using scene = new ControlScene();
    await scene.start();
    const told = (await scene.ask('clock')) as { readonly clock: number };
    expect(shapeOf(told)).toEqual(shapeOf(capturedReply('inspect_clock')));
    const { clock } = (await scene.ask('clock')) as { readonly clock: number };
    expect(clock).toBeGreaterThan(told.clock);
  });
});

describe('The queues of a worker', () => {
  test('are told as Kombu describes them [RC-013, RC-074, RC-075, RC-076, RC-077, RC-078, RC-079, RC-080, RC-081, RC-082]', async () => {
    await using scene = new ControlScene();
    await scene.start();
    for (const captured of capturedReplies('inspect_active_queues'))
      expect(await scene.ask('active_queues')).toEqual(captured);
  });

  test('are told with what is particular about them [RC-075, RC-077, RC-079, RC-080, RC-082]', async () => {
    await using scene = new ControlScene();
    const images = exchange('media', { type: 'topic', durable: false });
    await scene.start({
      queues: [
        queue('images', {
          ...{
            exchange: images,
            routingKey: 'image.#',
            alias: 'pictures',
            messageTtl: 2.5,
            maxLength: 10,
            maxPriority: 9,
          },
          bindings: [{ exchange: images, routingKey: 'scan', arguments: {} }],
        }),
      ],
    });
    expect(await scene.ask('active_queues')).toMatchObject([
      {
        ...{
          name: 'images',
          routing_key: 'image.#',
          alias: 'pictures',
          message_ttl: 2.5,
          max_length: 10,
          max_priority: 9,
        },
        exchange: { name: 'media', type: 'topic', durable: false },
        queue_arguments: { 'x-message-ttl': 2_500 },
        bindings: [{ exchange: { name: 'media' }, routing_key: 'scan' }],
      },
    ]);
  });
});

describe('For whoever looks for a leak', () => {
  test('a worker tells what memory it has, and what it had when it was asked before [RC-015, RC-016]', async () => {
    await using scene = new ControlScene();
    await scene.start();
    const form = /^\d+(?:\.\d+)?(?:MB|GB)$/;
    expect(capturedReply('inspect_memsample')).toMatch(form);
    const samples = [await scene.ask('memsample'), await scene.ask('memsample')];
    for (const sample of samples) expect(sample).toMatch(form);
    const dump = String(await scene.ask('memdump', { samples: 10 })).split('\n');
    expect(dump.slice(0, 3)).toEqual(['- rss (sample):', ...samples.map((sample) => `-    > ${String(sample)},`)]);
    expect(dump[3]).toMatch(/^- rss \(end\): [\d.]+(?:MB|GB)\.$/);
    expect(await scene.ask('memdump')).toMatch(/^- rss \(end\): /);
  });

  test('it says what there is in place of a library of Python [RC-014]', async () => {
    await using scene = new ControlScene();
    await scene.start();
    expect(capturedReply('inspect_objgraph')).toEqual({ error: expect.stringMatching(/^ImportError\(/) });
    expect(await scene.ask('objgraph', { num: 200, max_depth: 10, type: 'Request' })).toEqual({
      error: expect.stringMatching(/^ImportError\('objgraph is a library of Python.*heapsnapshot/),
    });
  });
});

describe('What a worker does not run any more', () => {
  test('is told by id, the oldest first [RC-011, RC-154]', async () => {
    await using scene = new ControlScene({ backend: memoryBackend(), workerRevokesMax: 2 });
    await scene.start();
    for (const id of ['a', 'b', 'c']) await scene.ask('revoke', { task_id: id });
    expect(await scene.ask('revoked')).toEqual(['b', 'c']);
    expect(shapeOf(await scene.ask('dump_revoked'))).toEqual(shapeOf(capturedReply('inspect_revoked')));
  });
});
