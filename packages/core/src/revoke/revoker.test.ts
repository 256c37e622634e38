import { memoryTransport, TransportConnectionError } from '@ctq/messaging';
import { describe, expect, test } from 'vitest';
import { ControlScene } from '../__fixtures__/control-scene.js';
import { memoryBackend } from '../backend/memory-backend.js';
import { group } from '../canvas/group.js';

const node = 'w1@host';
const withoutStore = () => ({ backend: Object.assign(memoryBackend(), { keyValueStore: undefined }) });
const told = (task_id: readonly string[], terminate = false) => ({
  node,
  command: 'revoke',
  args: { task_id, terminate, signal: 'SIGTERM' },
});

/** Resolves when everything before has been heard. */
async function heardBy(scene: ControlScene) {
  await scene.app.control.ask('last', {}, { destination: [node] });
  return scene.heard.filter(({ command }) => command !== 'last');
}

describe('What is revoked', () => {
  test('is stored, and told to workers that do not watch the store', async () => {
    await using scene = new ControlScene();
    const { app } = scene;
    await scene.node(node);
    const result = await app.sendTask('nobody');
    await app.revoke(result);
    await app.revoke(['one', 'two'], { terminate: true });
    await app.revokeByStampedHeaders({ tenant: ['a', 'b'], flow: 'c' });
    expect(await heardBy(scene)).toEqual([
      told([result.id]),
      told(['one', 'two'], true),
      {
        node,
        command: 'revoke_by_stamped_headers',
        args: { headers: { tenant: ['a', 'b'], flow: ['c'] }, terminate: false, signal: 'SIGTERM' },
      },
    ]);
    expect(await app.kernel.revocations.load()).toHaveLength(6);
  });

  test('is only told in an app without a store', async () => {
    await using scene = new ControlScene(withoutStore());
    await scene.node(node);
    await scene.app.revoke('one');
    expect(await heardBy(scene)).toEqual([told(['one'])]);
  });

  test('of a workflow is told with the tasks that are known, and not without a store', async () => {
    await using scene = new ControlScene();
    await scene.node(node);
    const task = scene.app.task('task', () => 1);
    const result = await group([task.s(), task.s()]).delay();
    await result.cancel({ terminate: true });
    const [heard] = await heardBy(scene);
    const ids = result.results.map(({ id }) => id);
    expect(new Set(heard?.args['task_id'] as readonly string[])).toEqual(new Set(ids));
    expect(heard?.args['terminate']).toBe(true);

    await using poor = new ControlScene(withoutStore());
    await expect(poor.app.asyncResult('one').cancel()).rejects.toMatchObject({ code: 'CTQ_NO_STORE' });
  });

  test('of a great number is told in parts', async () => {
    await using scene = new ControlScene(withoutStore());
    await scene.node(node);
    await scene.app.revoke(Array.from({ length: 10_001 }, (_, n) => String(n)));
    expect((await heardBy(scene)).map(({ args }) => (args['task_id'] as readonly string[]).length)).toEqual([
      10_000, 1,
    ]);
  });

  test('and cannot be told is a warning where it is stored, an error where it is not', async () => {
    const refused = new TransportConnectionError('nobody is there', { recoverable: false });
    const broker = { ...memoryTransport(), connect: () => Promise.reject(refused) };
    await using scene = new ControlScene({ broker });
    await scene.app.revoke('one');
    expect(scene.lines.filter(({ level }) => level === 'warn').map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/^What was revoked is stored, but could not be sent/),
    );
    await using poor = new ControlScene({ broker, ...withoutStore() });
    await expect(poor.app.revoke('one')).rejects.toBe(refused);
  });

  test('where calls run in place is told to nobody', async () => {
    const broker = { ...memoryTransport(), connect: () => Promise.reject(new Error('a connection')) };
    await using scene = new ControlScene({ broker, taskAlwaysEager: true });
    await scene.app.revoke('one');
    expect(scene.lines).toEqual([]);
  });
});
