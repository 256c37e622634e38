import { memoryBackend } from '@ctq/core/backend';
import { ChannelClosedError, LamportClock, Mailbox, memoryTransport } from '@ctq/messaging';
import { silentLogger } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { refusing } from '../__fixtures__/with-channels.js';
import { WorkerScene } from '../__fixtures__/worker-scene.js';

const askOptions = { destination: ['w1@host'] };

describe('A worker', () => {
  test('answers whoever asks [RC-006]', async () => {
    await using scene = new WorkerScene();
    await scene.start();
    expect(await scene.app.control.ask('ping', {}, askOptions)).toEqual([{ node: 'w1@host', value: { ok: 'pong' } }]);
  });

  test('tells of what it does not know [RC-041]', async () => {
    await using scene = new WorkerScene();
    await scene.start();
    expect(await scene.app.control.ask('fly', {}, askOptions)).toEqual([
      { node: 'w1@host', value: { error: "KeyError('fly')" } },
    ]);
  });

  test('carries out commands of its program [RC-043]', async () => {
    await using scene = new WorkerScene();
    scene.app.controlCommand('double', { args: { n: 'integer' } }, (worker, { n = 1 }) => ({
      ok: `${worker.name} ${n * 2}`,
    }));
    await scene.start();
    expect(await scene.app.control.ask('double', { n: '4' }, askOptions)).toEqual([
      { node: 'w1@host', value: { ok: 'w1@host 8' } },
    ]);
  });
});

describe('A worker that cannot listen to remote control', () => {
  async function startedWithout(refusal: () => Error | undefined): Promise<WorkerScene> {
    const scene = new WorkerScene({ broker: refusing(memoryTransport(), /\.celery\.pidbox$/, refusal) });
    const started = scene.start();
    await scene.line(/Cannot consume; trying again/);
    await scene.clock.advance(10_000);
    await started;
    expect((await scene.line(/^Couldn't listen to remote control yet/)).level).toBe('warn');
    return scene;
  }

  test('runs its tasks, and listens as soon as it can', async () => {
    let error: Error | undefined = new ChannelClosedError('not yet');
    await using scene = await startedWithout(() => error);
    const task = scene.app.task('task', () => 'done');
    expect(await (await task.delay()).get()).toBe('done');
    error = undefined;
    await scene.clock.advance(10_000);
    expect(await scene.app.control.ask('ping', {}, askOptions)).toEqual([{ node: 'w1@host', value: { ok: 'pong' } }]);
  });

  test('says when it never will', async () => {
    let error: Error = new ChannelClosedError('not yet');
    await using scene = await startedWithout(() => error);
    error = new Error('not allowed');
    await scene.clock.advance(10_000);
    expect(await scene.line(/^There is no remote control$/)).toMatchObject({ level: 'error', fields: { err: error } });
  });
});

describe('A worker without remote control', () => {
  test('does not listen [RC-103]', async () => {
    await using scene = new WorkerScene({ workerEnableRemoteControl: false });
    await scene.start();
    const asking = scene.app.control.ask('ping');
    const advance = () => scene.clock.advance(1_000).then(() => Promise.race([asking, undefined]));
    await expect.poll(advance).toEqual([]);
  });
});

describe('A worker that is told what the store tells', () => {
  test.each([
    ['takes no notice of it where it has that store', memoryBackend(), 0],
    ['hears of it where it has none', Object.assign(memoryBackend(), { keyValueStore: undefined }), 1],
  ])('%s', async (_what, backend, times) => {
    await using scene = new WorkerScene({ backend });
    await scene.start();
    const mailbox = new Mailbox({
      layout: scene.app.kernel.mailboxLayout,
      content: scene.app.kernel.content,
      serializer: 'json',
      logicalClock: new LamportClock(),
      clock: scene.clock,
      logger: silentLogger,
      publishing: () => scene.app.kernel.publishing(),
      connect: () => scene.app.connect(),
    });
    await mailbox.cast('told', {}, { isStored: true });
    await scene.app.control.ask('ping', {}, askOptions);
    expect(scene.lines.filter(({ message }) => message === 'Received the control message told')).toHaveLength(times);
    await mailbox.close();
  });
});
