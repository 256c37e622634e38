import assert from 'node:assert/strict';
import type { QueueStore } from '../../store/queue-store.js';
import type { StoreScene } from '../store-scene.js';
import { textsOf } from '../messages.js';
import type { StoreCase } from './case.js';

/** As the virtual channel does it: listens, looks, and rests only then. */
async function restUntilHint(
  scene: StoreScene,
  store: QueueStore,
  queues: readonly string[],
  act: () => Promise<unknown>,
): Promise<void> {
  const hint = store.wait(queues, new AbortController().signal);
  assert.deepEqual(await store.pop({ queues, limit: 10, noAck: false }), []);
  await act();
  await scene.eventually('the hint', hint);
}

export const waitingCases: readonly StoreCase[] = [
  {
    name: 'whoever waits is woken by a push of another store, whichever of the queues it is',
    async run(scene) {
      const [store, other] = [await scene.store(), await scene.store()];
      const queues = [scene.queue(), scene.queue()];
      for (const queue of queues) {
        await restUntilHint(scene, store, queues, () => scene.push(other, queue, 'a'));
        assert.deepEqual(textsOf(await scene.pop(store, queue)), ['a']);
      }
    },
  },
  {
    name: 'whoever waits is woken by a message that somebody gave back',
    async run(scene) {
      const [store, other] = [await scene.store(), await scene.store()];
      const queue = scene.queue();
      await scene.push(other, queue, 'a');
      const { tag } = await scene.popOne(other, queue);
      await restUntilHint(scene, store, [queue], () =>
        other.settle([{ kind: 'release', tag, position: 'back', charged: true }]),
      );
      assert.deepEqual(textsOf(await scene.pop(store, queue)), ['a']);
    },
  },
  {
    name: 'whoever waits is woken by what the same store pushes and gives back',
    async run(scene) {
      const store = await scene.store();
      const queue = scene.queue();
      await restUntilHint(scene, store, [queue], () => scene.push(store, queue, 'a'));
      const { tag } = await scene.popOne(store, queue);
      await restUntilHint(scene, store, [queue], () =>
        store.settle([{ kind: 'release', tag, position: 'front', charged: false }]),
      );
      assert.deepEqual(textsOf(await scene.pop(store, queue)), ['a']);
    },
  },
  {
    name: 'everybody who waits is woken',
    async run(scene) {
      const stores = [await scene.store(), await scene.store(), await scene.store()];
      const queue = scene.queue();
      const hints = stores.map((store) => store.wait([queue], new AbortController().signal));
      for (const store of stores) assert.deepEqual(await scene.pop(store, queue), []);
      await scene.push(await scene.store(), queue, 'a');
      await scene.eventually('every hint', Promise.all(hints));
    },
  },
  {
    name: 'waiting ends, without an error, when its signal is aborted',
    async run(scene) {
      const store = await scene.store();
      const giveUp = new AbortController();
      const waiting = store.wait([scene.queue()], giveUp.signal);
      giveUp.abort(new Error('enough'));
      await scene.eventually('the end of the wait', waiting);
      await scene.eventually('the end of the wait', store.wait([scene.queue()], giveUp.signal));
    },
  },
];
