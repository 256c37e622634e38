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
