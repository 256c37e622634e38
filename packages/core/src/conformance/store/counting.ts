import assert from 'node:assert/strict';
import type { KeyValueStore } from '../../backend/key-value-store.js';
import type { CaseDescription, Requirement } from '@ctq/runtime/conformance';
import { read, type StoreScene } from '../store-scene.js';

const canCount: Requirement<KeyValueStore> = { what: 'increment', isMet: (store) => store.increment !== undefined };

async function countingStore(scene: StoreScene): Promise<Required<Pick<KeyValueStore, 'increment'>> & KeyValueStore> {
  return (await scene.open()) as Required<Pick<KeyValueStore, 'increment'>> & KeyValueStore;
}

/** Integers are counted atomically. */
export const countingCases: readonly CaseDescription<KeyValueStore, StoreScene>[] = [
  {
    name: 'a count begins at 0 and goes both ways',
    requires: canCount,
    async run(scene) {
      const store = await countingStore(scene);
      assert.equal(await store.increment(scene.key('n'), 1), 1);
      assert.equal(await store.increment(scene.key('n'), 5), 6);
      assert.equal(await store.increment(scene.key('n'), -10), -4);
      assert.equal(await store.increment(scene.key('n'), 0), -4);
    },
  },
  {
    name: 'a count is read as decimal text and deleted like any other value',
    requires: canCount,
    async run(scene) {
      const store = await countingStore(scene);
      await store.increment(scene.key('n'), 42);
      assert.equal(await read(store, scene.key('n')), '42');
      await store.deleteMany([scene.key('n')]);
      assert.equal(await store.increment(scene.key('n'), 1), 1);
    },
  },
  {
    name: 'no two clients that count at once are given the same sum',
    requires: canCount,
    async run(scene) {
      const stores = [await countingStore(scene), await countingStore(scene)];
      const sums = await Promise.all(
        Array.from({ length: 60 }, (_, index) =>
          (stores[index % 2] as (typeof stores)[0]).increment(scene.key('n'), 1),
        ),
      );
      assert.deepEqual(
        sums.sort((a, b) => a - b),
        Array.from({ length: 60 }, (_, index) => index + 1),
      );
    },
  },
  {
    name: 'a count expires, and counting puts that off',
    requires: canCount,
    async run(scene) {
      const store = await countingStore(scene);
      await store.increment(scene.key('n'), 1, 500);
      await scene.passTime(300);
      assert.equal(await store.increment(scene.key('n'), 1, 500), 2);
      await scene.passTime(300);
      assert.equal(await read(store, scene.key('n')), '2');
      await scene.passTime(300);
      assert.equal(await store.increment(scene.key('n'), 1), 1);
    },
  },
];
