import type { Ctq } from '@ctq/core';
import { memoryBackend } from '@ctq/core/backend';
import { ChannelClosedError, MailboxNode, memoryTransport } from '@ctq/messaging';
import { describe, expect, test } from 'vitest';
import { networked } from '../__fixtures__/networked.js';
import { refusing } from '../__fixtures__/with-channels.js';
import { WorkerScene } from '../__fixtures__/worker-scene.js';

/** Revoked calls are in no store that both see. */
const alone = () => Object.assign(memoryBackend(), { keyValueStore: undefined });

/** Two programs over one broker. */
function setup() {
  const broker = networked();
  const one = new WorkerScene({ broker, backend: alone() });
  const other = new WorkerScene({ broker, backend: alone() });
  return {
    one,
    other,
    async [Symbol.asyncDispose]() {
      await one[Symbol.asyncDispose]();
      await other[Symbol.asyncDispose]();
    },
  };
}

/** Moves time on until it is done: who waits for answers waits for a second. */
async function withTime<T>(scene: WorkerScene, work: Promise<T>): Promise<T> {
  const state = { isDone: false };
  const watched = work.finally(() => {
    state.isDone = true;
  });
  while (!state.isDone) await scene.clock.advance(100);
  return await watched;
}

const infos = ({ lines }: WorkerScene): readonly string[] =>
  lines.filter(({ level, message }) => level === 'info' && /mingle|sync/.test(message)).map(({ message }) => message);

const hello = (app: Ctq, args: Readonly<Record<string, unknown>>) =>
  app.control.ask('hello', args, { destination: ['w1@host'] });

describe('A worker that starts', () => {
  test('asks the others what is revoked, and tells them what it knows [WK-023, RC-017]', async () => {
    await using call = setup();
    const { one, other } = call;
    const ran: unknown[] = [];
    const task = one.app.task('task', () => void ran.push('ran'));
    other.app.task('task', () => void ran.push('ran'));
    const first = await withTime(one, one.start({ mingle: true, queues: ['first'] }));
    first.revoke('known-to-one');
    one.app.kernel.logicalClock.adjust(1_000);
    const second = other.worker({ mingle: true, hostname: 'w2@host', queues: ['second'] });
    second.revoke('known-to-other');
    await withTime(other, second.start());
    expect(infos(other)).toEqual([
      'mingle: searching for neighbors',
      'mingle: sync with 1 nodes',
      'mingle: sync complete',
    ]);
    expect(infos(one)).toEqual(['mingle: searching for neighbors', 'mingle: all alone', 'sync with w2@host']);
    expect(other.app.kernel.logicalClock.value).toBeGreaterThan(1_000);
    await task.applyAsync([], { taskId: 'known-to-one', queue: 'second' });
    await other.line(/^Discarding revoked task: task\[known-to-one\]/);
    await task.applyAsync([], { taskId: 'known-to-other', queue: 'first' });
    await one.line(/^Discarding revoked task: task\[known-to-other\]/);
    expect(ran).toEqual([]);
  });

  test('does not wait for the answers where the store knows what is revoked', async () => {
    await using scene = new WorkerScene({ broker: networked() });
    await scene.start({ mingle: true });
    expect(infos(scene)).toEqual(['mingle: searching for neighbors']);
    await scene.clock.advance(1_000);
    await scene.line(/^mingle: all alone$/);
  });

  test('and is stopped meanwhile does not wait either', async () => {
    await using scene = new WorkerScene({ broker: networked(), backend: alone() });
    const worker = scene.worker({ mingle: true });
    const started = worker.start();
    await scene.line(/searching/);
    await worker.stop();
    await expect(started).rejects.toThrow(/stop/);
    expect(scene.lines.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([]);
  });

  test('does not wait for ever for a broker over which it cannot ask', async () => {
    const broker = refusing(networked(), /\.reply\./, () => new ChannelClosedError('not now'));
    await using scene = new WorkerScene({ broker, backend: alone() });
    await withTime(scene, scene.start({ mingle: true }));
    expect((await scene.line(/^mingle: couldn't ask the neighbors$/)).level).toBe('warn');
  });

  test('asks nobody where nobody else is in reach, or it is told not to [WK-023]', async () => {
    await using near = new WorkerScene({ broker: memoryTransport(), backend: alone() });
    await near.start({ mingle: true });
    await using told = new WorkerScene({ broker: networked(), backend: alone() });
    await told.start({ mingle: false });
    expect([...infos(near), ...infos(told)]).toEqual([]);
  });

  test('goes on after an answer that it cannot use', async () => {
    await using call = setup();
    const { one, other } = call;
    await using connection = await one.app.connect();
    const { kernel } = one.app;
    const node = new MailboxNode({
      ...{ name: 'w1@host', layout: kernel.mailboxLayout, content: kernel.content, logger: kernel.logger },
      ...{ serializer: 'json', logicalClock: kernel.logicalClock, describeError: String },
      connection: () => connection,
      publishing: () => kernel.publishing(),
      handle: () => 'good day',
    });
    await node.start();
    await withTime(other, other.start({ mingle: true, hostname: 'w2@host' }));
    expect((await other.line(/sync with w1@host failed/)).level).toBe('error');
  });
});

describe('hello', () => {
  test('is answered with what is revoked and the logical clock, as Celery does [RC-017]', async () => {
    await using scene = new WorkerScene();
    const worker = await scene.start();
    worker.revoke('a');
    const at = scene.clock.now() / 1_000;
    const replies = await hello(scene.app, { from_node: 'py@host', revoked: { b: [5_398.4, 'b'] } });
    expect(replies).toEqual([
      {
        node: 'w1@host',
        value: {
          revoked: { a: [expect.closeTo(at, 2), 'a'], b: [expect.closeTo(at, 2), 'b'] },
          clock: expect.any(Number),
        },
      },
    ]);
    expect(await hello(scene.app, { from_node: 'py@host', revoked: null })).toHaveLength(1);
  });

  test('leaves out what has expired [RC-017]', async () => {
    await using scene = new WorkerScene({ workerRevokeExpires: '1h' });
    const worker = await scene.start();
    worker.revoke('a');
    await scene.clock.advance(3_600_000);
    expect(await hello(scene.app, { from_node: 'py@host' })).toMatchObject([{ value: { revoked: {} } }]);
  });

  test('of a worker of the same name is answered with nothing [RC-017]', async () => {
    await using scene = new WorkerScene();
    await scene.start();
    expect(await hello(scene.app, { from_node: 'w1@host' })).toEqual([{ node: 'w1@host', value: null }]);
  });
});
