import { describe, expect, test } from 'vitest';
import { capturedCommand, ControlScene } from '../__fixtures__/control-scene.js';
import type { Inspect } from './inspect.js';
import type { NodeReplies } from './node-replies.js';

const node = 'w1@wirehost';
const enough = { destination: [node] };

/** Asks a worker that answers as Python's did; what was sent, and what came of it. */
async function asked<Value>(name: string, ask: (inspect: Inspect) => Promise<NodeReplies<Value>>) {
  const captured = capturedCommand(name);
  await using scene = new ControlScene();
  await scene.node(node, () => captured.value);
  const replies = await ask(scene.app.control.inspect(enough));
  const [sent] = scene.heard;
  expect({ method: sent?.command, arguments: sent?.args }).toEqual({
    method: captured.method,
    arguments: captured.arguments,
  });
  return { value: replies.get(node), error: replies.errors.get(node), captured: captured.value };
}

const running = {
  id: '0dbc0c45-cfbc-4f71-b173-d72030434e9c',
  name: 'wire.sleeping',
  type: 'wire.sleeping',
  args: [200],
  kwargs: {},
  hostname: node,
  startedAt: expect.closeTo(1795229217938.924, 0),
  acknowledged: true,
  delivery: { exchange: '', routingKey: 'celery', priority: 0, redelivered: false },
  workerPid: 27481,
};

describe('A worker of Python is asked', () => {
  test('which tasks run, and tells all of them [RC-119]', async () => {
    expect((await asked('inspect_active', (inspect) => inspect.active())).value).toEqual([running]);
    const { value } = await asked('inspect_active_safe', (inspect) => inspect.active(true));
    expect(value).toEqual([{ ...running, args: expect.any(String), kwargs: expect.any(String) }]);
  });

  test('which tasks wait for their time [RC-120]', async () => {
    const { value } = await asked('inspect_scheduled', (inspect) => inspect.scheduled());
    expect(value).toMatchObject([
      {
        dueAt: Date.parse('2026-11-21T02:56:57.931Z') + 0.383,
        priority: 6,
        request: { name: 'wire.add', args: [1, 1], startedAt: null, workerPid: null, acknowledged: false },
      },
    ]);
  });

  test('which tasks it has and which it is not to run [RC-121, RC-123]', async () => {
    expect((await asked('inspect_reserved', (inspect) => inspect.reserved())).value).toEqual([]);
    const { value, captured } = await asked('inspect_revoked', (inspect) => inspect.revoked());
    expect(value).toEqual(captured);
  });

  test('for its figures [RC-122]', async () => {
    const { value } = await asked('inspect_stats', (inspect) => inspect.stats());
    expect(value).toMatchObject({
      total: { 'wire.add': 36 },
      pid: 26264,
      clock: 453,
      uptimeMs: 109_000,
      prefetchCount: 9,
      autoscaler: undefined,
      rusage: { utime: 1.709058, maxrss: 75036 },
      pool: {
        implementation: 'celery.concurrency.prefork:TaskPool',
        maxConcurrency: 2,
        processes: [26277, 27481],
        maxTasksPerChild: undefined,
        isGuardedBySemaphore: false,
        timeouts: { softMs: undefined, hardMs: undefined },
        writes: { total: 112, avg: '0.50', strategy: 'fair' },
      },
      broker: { transport: 'redis', hostname: '127.0.0.1', port: 6404, virtualHost: '1', all: { connect_timeout: 4 } },
    });
  });

  test('which tasks it knows [RC-124]', async () => {
    const plain = await asked('inspect_registered', (inspect) => inspect.registered());
    expect(plain.value).toEqual(plain.captured);
    const more = await asked('inspect_registered_items', (inspect) => inspect.registered('rate_limit', 'max_retries'));
    expect(more.value?.[0]).toBe('wire.add [max_retries=3]');
  });

  test('whether it is there, what time it is by its clock, and for a report [RC-117, RC-118, RC-125]', async () => {
    expect((await asked('inspect_ping_destination', (inspect) => inspect.ping())).value).toBe('pong');
    expect((await asked('inspect_clock', (inspect) => inspect.clock())).value).toBe(469);
    expect((await asked('inspect_report', (inspect) => inspect.report())).value).toMatch(/^\nsoftware -> celery:/);
  });

  test('which queues it consumes from [RC-126]', async () => {
    const { value } = await asked('inspect_active_queues', (inspect) => inspect.activeQueues());
    expect(value).toMatchObject([
      {
        name: 'celery',
        alias: null,
        routingKey: 'celery',
        exchange: { name: 'celery', type: 'direct', durable: true, deliveryMode: null, arguments: {} },
        durable: true,
        autoDelete: false,
        queueArguments: {},
        expiresMs: null,
        maxPriority: null,
      },
    ]);
  });

  test('where a task is, of several [RC-127]', async () => {
    const ids = capturedCommand('inspect_query_task').arguments['ids'] as readonly string[];
    const { value } = await asked('inspect_query_task', (inspect) => inspect.queryTask(...ids));
    expect([...(value ?? [])]).toEqual([[running.id, { state: 'active', info: running }]]);
  });

  test('for its settings [RC-128]', async () => {
    const { value } = await asked('inspect_conf', (inspect) => inspect.conf());
    expect(value).toMatchObject({ broker_url: 'redis://:********@127.0.0.1:6404/1', accept_content: ['json'] });
  });

  test('what it knows to be revoked, by one that comes [RC-129]', async () => {
    const hello = (inspect: Inspect) => inspect.hello('other@wirehost', { 'dead-task': 1 });
    const { value } = await asked('inspect_hello', hello);
    expect(value?.clock).toBe(481);
    expect(value?.revoked).toContain('dead-task');
  });

  test('for its memory, and may not have what it takes [RC-130, RC-132]', async () => {
    expect((await asked('inspect_memsample', (inspect) => inspect.memsample())).value).toBe('73.398MB');
    const graph = await asked('inspect_objgraph', (inspect) => inspect.objgraph());
    expect(graph.value).toBeUndefined();
    expect(graph.error).toBe("ImportError('Requires the objgraph library')");
  });

  test('for the samples of its memory [RC-131]', async () => {
    await using scene = new ControlScene();
    await scene.node(node, () => '- rss (end): 72.09MB.');
    expect((await scene.app.control.inspect(enough).memdump(3)).get(node)).toBe('- rss (end): 72.09MB.');
    expect(scene.heard).toEqual([{ node, command: 'memdump', args: { samples: 3 } }]);
  });
});

describe('What workers answer', () => {
  test('is by their names; nothing where nobody does', async () => {
    await using scene = new ControlScene();
    const inspect = scene.app.control.inspect({ timeout: '500ms' });
    const nobody = inspect.ping();
    await expect
      .poll(() => scene.clock.advance(500).then(() => Promise.race([nobody, undefined])))
      .toHaveProperty('size', 0);
    await scene.node('w1@host', () => ({ ok: 'pong' }));
    await scene.node('w2@host', () => ({ error: 'KeyError()' }));
    await scene.node('w3@host', () => [1, 2]);
    const replies = await scene.app.control.inspect({ limit: 3 }).ping();
    expect([...replies]).toEqual([['w1@host', 'pong']]);
    expect(replies.errors).toEqual(
      new Map([
        ['w2@host', 'KeyError()'],
        ['w3@host', 'The reply cannot be read: The reply is no text'],
      ]),
    );
  });

  test.each([
    ['active', 'x'],
    ['active', [{ name: 'no id' }]],
    ['scheduled', [{ eta: 'soon', request: { id: 'a', name: 'b' } }]],
    ['scheduled', [{ request: null }]],
    ['revoked', [1]],
    ['stats', []],
    ['activeQueues', [{}]],
    ['conf', 'x'],
    ['clock', 5],
    ['queryTask', { a: ['active'] }],
    ['queryTask', { a: null }],
    ['objgraph', {}],
  ] as const)('that is none to %s is told with its node: %j', async (method, value) => {
    await using scene = new ControlScene();
    await scene.node(node, () => value);
    const replies = await scene.app.control.inspect(enough)[method]();
    expect(replies.size).toBe(0);
    expect(replies.errors.get(node)).toMatch(/^The reply cannot be read: /);
  });

  test('counts once for each name, the last word, with a warning [RC-113]', async () => {
    await using scene = new ControlScene();
    await scene.stray({ 'w1@host': { ok: 'first' } }, { 'w1@host': { ok: 'second' } });
    const replies = await scene.app.control.inspect({ limit: 2 }).ping();
    expect([...replies]).toEqual([['w1@host', 'second']]);
    expect(scene.lines.filter(({ level }) => level === 'warn').map(({ message }) => message)).toEqual([
      expect.stringMatching(/^Received multiple replies from node name: w1@host\. Please make sure/),
    ]);
  });

  test('does not count of those that do not match the pattern, and do not heed it [RC-115]', async () => {
    await using scene = new ControlScene();
    await scene.node('w1@host', () => ({ ok: 'pong' }));
    await scene.stray({ deaf: { ok: 'pong' } });
    const replies = await scene.app.control.inspect({ pattern: 'w*', limit: 2 }).ping();
    expect([...replies]).toEqual([['w1@host', 'pong']]);
  });

  test('comes from those that are named for one question, in place of those of the options [RC-133]', async () => {
    await using scene = new ControlScene();
    for (const name of ['w1@host', 'w2@host']) await scene.node(name, () => ({ ok: 'pong' }));
    const inspect = scene.app.control.inspect({ destination: ['w1@host'] });
    expect([...(await inspect.ping(['w2@host'])).keys()]).toEqual(['w2@host']);
    expect([...(await inspect.ping()).keys()]).toEqual(['w1@host']);
  });
});
