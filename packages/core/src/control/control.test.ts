import { memoryTransport } from '@ctq/messaging';
import { describe, expect, test } from 'vitest';
import { capturedCommand, ControlScene } from '../__fixtures__/control-scene.js';
import type { Control } from './control.js';
import type { NodeReplies } from './node-replies.js';

const node = 'w1@wirehost';
const reply = { reply: true, destination: [node] } as const;

type Told = readonly [name: string, tell: (control: Control) => Promise<NodeReplies<unknown>>];

const commands: readonly Told[] = [
  [
    'revoke_list',
    (control) =>
      control.revoke(['bbbbbbbb-0000-4000-8000-00000000000b', 'cccccccc-0000-4000-8000-00000000000c'], reply),
  ],
  ['revoke_reply', (control) => control.revoke('dddddddd-0000-4000-8000-00000000000d', reply)],
  ['revoke_by_stamped_headers', (control) => control.revokeByStampedHeaders({ tenant: ['blue'] }, reply)],
  [
    'revoke_by_stamped_headers_terminate',
    (control) => control.revokeByStampedHeaders({ tenant: 'red' }, { ...reply, terminate: true }),
  ],
  ['rate_limit', (control) => control.rateLimit('wire.add', '10/m', reply)],
  ['rate_limit_off', (control) => control.rateLimit('wire.add', 0, reply)],
  ['time_limit', (control) => control.timeLimit('wire.ident', { soft: 60, hard: 120 }, reply)],
  ['add_consumer', (control) => control.addConsumer('extra', {}, reply)],
  [
    'add_consumer_topic',
    (control) =>
      control.addConsumer(
        'extra2',
        { exchange: 'ex2', exchangeType: 'topic', routingKey: 'a.#', options: { queue_durable: false } },
        reply,
      ),
  ],
  ['cancel_consumer', (control) => control.cancelConsumer('extra', reply)],
  ['enable_events', (control) => control.enableEvents(reply)],
  ['disable_events', (control) => control.disableEvents(reply)],
  ['pool_grow', (control) => control.poolGrow(1, reply)],
  ['pool_shrink', (control) => control.poolShrink(1, reply)],
  ['autoscale', (control) => control.autoscale(5, 1, reply)],
  ['pool_restart', (control) => control.poolRestart({}, reply)],
];

describe('Workers are told', () => {
  test.each(commands)(
    'as by Python: %s [RC-136, RC-137, RC-140, RC-141, RC-142, RC-143, RC-144, RC-145, RC-146, RC-148]',
    async (name, tell) => {
      const captured = capturedCommand(name);
      await using scene = new ControlScene();
      await scene.node(node, () => captured.value);
      const replies = await tell(scene.app.control);
      expect(scene.heard).toEqual([{ node, command: captured.method, args: captured.arguments }]);
      const { ok, error } = captured.value as Readonly<Record<string, string>>;
      expect([...replies]).toEqual(ok === undefined ? [] : [[node, ok]]);
      expect([...replies.errors]).toEqual(error === undefined ? [] : [[node, error]]);
    },
  );

  test('to end a task [RC-138]', async () => {
    const captured = capturedCommand('terminate');
    await using scene = new ControlScene();
    await scene.node(node, () => captured.value);
    const id = String(captured.arguments['task_id']);
    await scene.app.control.terminate(id, { ...reply, terminateSignal: 'SIGKILL' });
    expect(scene.heard).toEqual([{ node, command: 'revoke', args: captured.arguments }]);
  });

  test('without an answer, unless it is asked for [RC-106, RC-135, RC-147, RC-149, RC-150]', async () => {
    await using scene = new ControlScene();
    const { control } = scene.app;
    await scene.node(node);
    expect(await control.heartbeat()).toBeUndefined();
    await control.shutdown({ destination: [node] });
    await control.shutdown({ destination: ['another'] });
    await control.election('1', 'task', { task: 'add' });
    await control.broadcast('a command', { n: 1 }, { pattern: 'w*' });
    expect(await control.ask('last', {}, { destination: [node] })).toEqual([{ node, value: null }]);
    expect(scene.heard.map(({ command, args }) => [command, args])).toEqual([
      ['heartbeat', {}],
      ['shutdown', {}],
      ['election', { id: '1', topic: 'task', action: { task: 'add' } }],
      ['a command', { n: 1 }],
      ['last', {}],
    ]);
  });

  test('and which are there', async () => {
    await using scene = new ControlScene();
    for (const name of ['w1@host', 'w2@host']) await scene.node(name, () => ({ ok: 'pong' }));
    const replies = await scene.app.control.ping({ limit: 2 });
    expect(new Set(replies.keys())).toEqual(new Set(['w1@host', 'w2@host']));
    expect(new Set(replies.values())).toEqual(new Set(['pong']));
  });

  test('by the commands of the program, each destination with its own time', async () => {
    await using scene = new ControlScene();
    const { app } = scene;
    const double = app.controlCommand('double', { args: { n: 'integer' } }, (_worker, { n = 1 }) => n * 2);
    await scene.node('w1@host', (_command, { n }) => Number(n) * 2);
    const replies = await app.control.ask(double, { n: 4 }, { timeout: { 'w1@host': '1m' } });
    expect(replies).toEqual([{ node: 'w1@host', value: 8 }]);
    const both = { timeout: { 'w1@host': '1m' }, destination: ['w1@host', 'w2@host'] } as const;
    const asking = app.control.ask(double, { n: 5 }, both);
    await expect.poll(() => scene.clock.advance(1_000).then(() => Promise.race([asking, undefined]))).toHaveLength(1);
    await app.control.broadcast(double, { n: 6 });
  });
});

describe('Purging', () => {
  test('discards what waits in the queues of the settings, or in those that are named [RC-134]', async () => {
    await using scene = new ControlScene({
      broker: memoryTransport(),
      taskQueues: { celery: {}, mail: {}, empty: {} },
    });
    const { app } = scene;
    for (const queue of ['celery', 'celery', 'mail']) await app.sendTask('nobody', [], {}, { queue });
    expect(await app.control.purge({ queues: ['mail', 'not there'] })).toBe(1);
    expect(await app.control.purge()).toBe(2);
    expect(await app.control.purge()).toBe(0);
  });
});
