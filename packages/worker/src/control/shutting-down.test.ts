import { describe, expect, test } from 'vitest';
import { ControlScene } from '../__fixtures__/control-scene.js';
import { capturedReplies } from '../__fixtures__/control-vectors.js';

describe('A worker that is told to shut down', () => {
  test('does when what runs is done, and answers nobody [RC-038]', async () => {
    await using scene = new ControlScene();
    const { worker, id } = await scene.busy();
    const replies: unknown[] = [];
    const asked = scene.app.control.ask('shutdown', {}, { onReply: (reply) => replies.push(reply) });
    await scene.line(/Got shutdown from remote/);
    expect(worker.phase).toBe('warm');
    expect(await scene.ask('ping')).toEqual({ ok: 'pong' });
    scene.go.resolve();
    await worker.finished;
    expect(await scene.app.asyncResult(id).state()).toBe('SUCCESS');
    await scene.clock.advance(1_000);
    await asked;
    expect(replies).toEqual([]);
    expect(capturedReplies('shutdown')).toEqual([undefined]);
  });

  test('says why, and may be told twice', async () => {
    await using scene = new ControlScene();
    const worker = await scene.start();
    await scene.app.control.broadcast('shutdown', { msg: 'Good night' });
    await scene.app.control.broadcast('shutdown');
    await scene.line(/Good night/);
    await worker.finished;
    expect(worker.phase).toBe('stopped');
  });
});

describe('Control', () => {
  test('is answered while tasks fill all that a worker may have [RC-102]', async () => {
    await using scene = new ControlScene();
    await scene.busy({ prefetchMultiplier: 1 });
    for (let sent = 0; sent < 100; sent += 1) await scene.step.delay(sent);
    await scene.clock.advance(1_000);
    expect(await scene.ask('ping')).toEqual({ ok: 'pong' });
    expect(await scene.ask('active')).toHaveLength(1);
    scene.go.resolve();
    await expect.poll(() => scene.ran).toHaveLength(101);
  });
});
