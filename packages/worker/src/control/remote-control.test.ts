import { memoryBackend } from '@ctq/core/backend';
import { LamportClock, Mailbox } from '@ctq/messaging';
import { silentLogger } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
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
