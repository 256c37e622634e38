import { ChannelClosedError, exchange } from '@ctq/messaging';
import { describe, expect, test } from 'vitest';
import { Monitor } from '../__fixtures__/monitor.js';
import { networked } from '../__fixtures__/networked.js';
import { refusing, withChannels } from '../__fixtures__/with-channels.js';
import { WorkerScene } from '../__fixtures__/worker-scene.js';

const cluster = { gossip: true, heartbeat: true } as const;

/** As a worker of Python sends it. */
async function sendEvent(
  scene: WorkerScene,
  event: Readonly<Record<string, unknown>>,
  type: 'topic' | 'fanout' = 'topic',
): Promise<void> {
  const fields = { utcoffset: 0, pid: 7, clock: 1, timestamp: 1, ...event };
  await using connection = await scene.app.connect('publish');
  await connection.producer.publish(
    {
      body: new TextEncoder().encode(JSON.stringify(fields)),
      ...{ contentType: 'application/json', contentEncoding: 'utf-8', headers: {}, properties: {} },
    },
    { exchange: 'celeryev', routingKey: String(event['type']).replaceAll('-', '.') },
    { declare: [exchange('celeryev', { type })] },
  );
}

describe('Gossip', () => {
  test('lets a worker know who joins, leaves and is lost [WK-028, WK-135, WK-136, WK-137]', async () => {
    await using scene = new WorkerScene({ broker: networked() });
    const seen: string[] = [];
    const { nodeJoin, nodeLeave, nodeLost } = scene.app.signals;
    for (const signal of [nodeJoin, nodeLeave, nodeLost])
      signal.connect(({ sender, seenBy }) => seen.push(`${seenBy}: ${signal.name} ${sender}`));
    await scene.start(cluster);
    for (const hostname of ['py1@host', 'py2@host'])
      await sendEvent(scene, { type: 'worker-online', hostname, freq: 2, sw_ident: 'py-celery' });
    await sendEvent(scene, { type: 'worker-heartbeat', hostname: 'py1@host', freq: 2 });
    await scene.line(/^py2@host joined the party$/);
    await sendEvent(scene, { type: 'worker-offline', hostname: 'py1@host' });
    await scene.line(/^py1@host left$/);
    expect(seen).toEqual(['w1@host: nodeJoin py1@host', 'w1@host: nodeJoin py2@host', 'w1@host: nodeLeave py1@host']);
    // Two intervals, seen at the next look, which comes every five seconds.
    await scene.clock.advance(4_999);
    expect(seen).toHaveLength(3);
    await scene.clock.advance(1);
    await scene.line(/^missed heartbeat from py2@host$/);
    expect(seen.at(-1)).toBe('w1@host: nodeLost py2@host');
    await scene.clock.advance(60_000);
    expect(seen).toHaveLength(4);
  });

  test('brings the logical clock on: by its own events and by those of others [WK-134, WK-142]', async () => {
    await using scene = new WorkerScene({ broker: networked() });
    await using monitor = await Monitor.of(scene.app);
    await scene.start(cluster);
    await monitor.event('worker-online');
    await scene.clock.advance(0);
    // One for sending it, one for hearing it.
    expect(scene.app.kernel.logicalClock.value).toBe(2);
    await sendEvent(scene, { type: 'worker-heartbeat', hostname: 'py@host', clock: 5_000 });
    await scene.line(/joined/);
    expect(scene.app.kernel.logicalClock.value).toBe(5_001);
  });

  test('listens to events of workers, in a queue that keeps them for a moment [WK-133]', async () => {
    const declared: { readonly name: string; readonly arguments: unknown; readonly exclusive: boolean }[] = [];
    const bound: unknown[] = [];
    const broker = withChannels(networked(), (channel) => ({
      declareQueue(queue) {
        declared.push({ name: queue.name, arguments: queue.arguments, exclusive: queue.exclusive });
        return channel.declareQueue(queue);
      },
      bindQueue(binding) {
        bound.push(binding);
        return channel.bindQueue(binding);
      },
    }));
    await using scene = new WorkerScene({ broker });
    await scene.start(cluster);
    await scene.start({ ...cluster, hostname: 'w2@host', heartbeatInterval: 3 });
    const queues = declared.filter(({ name }) => name.startsWith('celeryev.'));
    expect(queues.map((queue) => queue.arguments)).toEqual([
      { 'x-expires': 60_000, 'x-message-ttl': 5_000 },
      { 'x-expires': 60_000, 'x-message-ttl': 3_000 },
    ]);
    expect(bound).toContainEqual(
      expect.objectContaining({ queue: queues[0]?.name, exchange: 'celeryev', routingKey: 'worker.#' }),
    );
  });

  test('takes no notice of what is no event of a worker', async () => {
    await using scene = new WorkerScene({ broker: networked() });
    await scene.start(cluster);
    const key = { hostname: 'x@host' };
    await sendEvent(scene, { ...key, type: 'worker-odd' });
    await sendEvent(scene, { type: 'worker-x' });
    await sendEvent(scene, { ...key, hostname: 7, type: 'worker-online' });
    await scene.line(/^x@host joined/);
    await sendEvent(scene, { ...key, hostname: 'y@host', type: 'worker-online' });
    await scene.line(/^y@host joined/);
    expect(scene.lines.filter(({ message }) => / joined/.test(message))).toHaveLength(2);
  });

  test('takes no notice of events of tasks, which come where all events have one channel [WK-141]', async () => {
    // As Redis without patterns.
    const broker = { ...networked(), name: 'redis' };
    await using scene = new WorkerScene({ broker });
    await scene.start({ gossip: true });
    await sendEvent(scene, { type: 'task-received', hostname: 'x@host', clock: 9_000 }, 'fanout');
    await sendEvent(scene, { type: 'worker-online', hostname: 'y@host', clock: 5 }, 'fanout');
    await scene.line(/joined/);
    expect(scene.lines.filter(({ message }) => /joined/.test(message))).toHaveLength(1);
    expect(scene.app.kernel.logicalClock.value).toBe(6);
  });

  test.each([
    ['not allowed', new Error('not allowed'), /^Couldn't listen to the other workers; going on without$/],
    ['not possible yet', new ChannelClosedError('not yet'), /^Couldn't listen to the other workers yet/],
  ])('that is %s keeps no worker from running tasks', async (_what, error, line) => {
    const broker = refusing(networked(), /^celeryev\./, () => error);
    await using scene = new WorkerScene({ broker });
    const task = scene.app.task('task', () => 'done');
    const started = scene.start(cluster);
    const waited = scene.line(/Cannot consume; trying again/).then(() => scene.clock.advance(10_000));
    await Promise.race([started, waited]);
    await started;
    expect((await scene.line(line)).level).toBe('warn');
    expect(await (await task.delay()).get()).toBe('done');
  });

  test('that cannot be had after all is said', async () => {
    let error: Error = new ChannelClosedError('not yet');
    const broker = refusing(networked(), /^celeryev\./, () => error);
    await using scene = new WorkerScene({ broker });
    const started = scene.start(cluster);
    await scene.line(/Cannot consume; trying again/);
    await scene.clock.advance(10_000);
    await started;
    error = new Error('not allowed');
    await scene.clock.advance(10_000);
    const line = await scene.line(/^Couldn't listen to the other workers; going on without$/);
    expect(line).toMatchObject({ level: 'warn', fields: { err: error } });
  });

  test('reads what its program accepts of events, whatever it accepts of tasks', async () => {
    await using scene = new WorkerScene({ broker: networked(), acceptContent: ['yaml'], taskSerializer: 'yaml' });
    await scene.start(cluster);
    await sendEvent(scene, { type: 'worker-online', hostname: 'py@host' });
    await scene.line(/^py@host joined the party$/);
  });

  test('is silent where nobody else is in reach, and where it is not wanted [WK-028]', async () => {
    await using scene = new WorkerScene();
    const worker = await scene.start(cluster);
    await sendEvent(scene, { type: 'worker-online', hostname: 'py@host' });
    await worker.stop();
    await using without = new WorkerScene({ broker: networked() });
    const silent = await without.start({ gossip: false, heartbeat: true });
    await sendEvent(without, { type: 'worker-online', hostname: 'py@host' });
    await silent.stop();
    expect([...scene.lines, ...without.lines].filter(({ message }) => /joined/.test(message))).toEqual([]);
  });
});

describe('A call by election', () => {
  test('is sent by one worker, and its caller has the result [CV-025, RC-030, WK-140, WK-155]', async () => {
    await using scene = new WorkerScene({ broker: networked() });
    const ran: string[] = [];
    const task = scene.app.task('task', (x: number) => {
      ran.push('once');
      return x + 1;
    });
    await using monitor = await Monitor.of(scene.app);
    for (const hostname of ['w1@host', 'w2@host', 'w3@host']) await scene.start({ ...cluster, hostname });
    await scene.clock.advance(0);
    const result = await task.s(1).set({ taskId: 'elected' }).election();
    expect(result.id).toBe('elected');
    expect(await result.get()).toBe(2);
    await scene.clock.advance(10_000);
    expect(ran).toEqual(['once']);
    expect(scene.lines.filter(({ message }) => message === "I won the election 'elected'")).toHaveLength(1);
    const elect = await monitor.event('worker-elect');
    expect(elect).toMatchObject({ id: 'elected', topic: 'task', action: { task: 'task', args: [1] }, cver: 1 });
    expect(await monitor.event('worker-elect-ack')).toMatchObject({ id: 'elected' });
    expect(monitor.deliveries.map(({ route }) => route.routingKey)).toContain('worker.elect.ack');
  });

  test('is no workflow', async () => {
    await using scene = new WorkerScene();
    const task = scene.app.task('task', (x: number) => x);
    await expect(task.s(1).pipe(task.s()).election()).rejects.toThrow(/not for a workflow/);
  });

  test('that is no call, or cannot be sent, is said, and the worker goes on [RC-030, WK-140]', async () => {
    await using scene = new WorkerScene({ broker: networked() });
    await scene.start(cluster);
    for (const [id, action] of [
      ['a', null],
      ['b', 7],
      ['c', { task: 8 }],
    ])
      await scene.app.control.broadcast('election', { id, topic: 'task', action });
    await scene.line(/^Could not call task$/);
    await scene.line(/^I won the election 'c'$/);
    expect(await scene.app.control.ask('ping', {}, { destination: ['w1@host'] })).toHaveLength(1);
  });

  test('without gossip, and without an id, comes to nothing [RC-030]', async () => {
    await using scene = new WorkerScene();
    await scene.start();
    const { control } = scene.app;
    const options = { destination: ['w1@host'] };
    expect(await control.ask('election', { id: 'a', topic: 'task' }, options)).toEqual([
      { node: 'w1@host', value: null },
    ]);
    expect(await control.ask('election', {}, options)).toEqual([
      { node: 'w1@host', value: { error: expect.stringContaining('TypeError') } },
    ]);
  });
});
