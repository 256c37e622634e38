import assert from 'node:assert/strict';
import type { KeyValueStore } from '../../backend/key-value-store.js';
import type { CaseDescription, Requirement } from '@ctq/runtime/conformance';
import { bytes, read, type StoreScene, text } from '../store-scene.js';

type ComparingStore = Required<Pick<KeyValueStore, 'compareAndSet' | 'compareAndDelete' | 'getVersioned'>> &
  KeyValueStore;

const canCompare: Requirement<KeyValueStore> = {
  what: 'compareAndSet',
  isMet: (store) =>
    store.compareAndSet !== undefined && store.compareAndDelete !== undefined && store.getVersioned !== undefined,
};

async function comparingStore(scene: StoreScene): Promise<ComparingStore> {
  return (await scene.open()) as ComparingStore;
}

/** Sets a key that exists or not, whatever its version. */
async function force(store: ComparingStore, key: string, value: string): Promise<number> {
  const version = await store.compareAndSet(key, (await store.getVersioned(key))?.version ?? 0, bytes(value));
  assert.ok(version !== undefined);
  return version;
}

/** Values are set under the condition that nobody else has set them. */
export const comparingCases: readonly CaseDescription<KeyValueStore, StoreScene>[] = [
  {
    name: 'version 0 is set where nothing is, and only there',
    requires: canCompare,
    async run(scene) {
      const store = await comparingStore(scene);
      const version = await store.compareAndSet(scene.key('a'), 0, bytes('1'));
      assert.ok(version !== undefined && version > 0);
      assert.equal(await store.compareAndSet(scene.key('a'), 0, bytes('2')), undefined);
      assert.equal(await read(store, scene.key('a')), '1');
    },
  },
  {
    name: 'the version that was read is replaced by a higher one, any other is refused',
    requires: canCompare,
    async run(scene) {
      const store = await comparingStore(scene);
      const first = await force(store, scene.key('a'), '1');
      const second = await store.compareAndSet(scene.key('a'), first, bytes('2'));
      assert.ok(second !== undefined && second > first);
      assert.equal(await store.compareAndSet(scene.key('a'), first, bytes('3')), undefined);
      assert.equal(await store.compareAndSet(scene.key('a'), second + 1, bytes('3')), undefined);
      const found = await store.getVersioned(scene.key('a'));
      assert.deepEqual([text(found?.value), found?.version], ['2', second]);
    },
  },
  {
    name: 'nothing has no version',
    requires: canCompare,
    async run(scene) {
      const store = await comparingStore(scene);
      assert.equal(await store.getVersioned(scene.key('missing')), undefined);
      assert.equal(await store.compareAndSet(scene.key('missing'), 7, bytes('1')), undefined);
    },
  },
  {
    name: 'a plain set makes a version that was read before it worthless',
    requires: canCompare,
    async run(scene) {
      const store = await comparingStore(scene);
      const version = await force(store, scene.key('a'), '1');
      await store.setMany([{ key: scene.key('a'), value: bytes('2') }]);
      assert.equal(await store.compareAndSet(scene.key('a'), version, bytes('3')), undefined);
      assert.equal(await read(store, scene.key('a')), '2');
      await force(store, scene.key('a'), '3');
      assert.equal(await read(store, scene.key('a')), '3');
    },
  },
  {
    name: 'a version never comes again, not even after the key was deleted: it is a fencing token',
    requires: canCompare,
    async run(scene) {
      const store = await comparingStore(scene);
      const before = await force(store, scene.key('a'), '1');
      await store.deleteMany([scene.key('a')]);
      const after = await store.compareAndSet(scene.key('a'), 0, bytes('2'));
      assert.ok(after !== undefined && after > before, `${after} comes after ${before}`);
      assert.equal(await store.compareAndSet(scene.key('a'), before, bytes('3')), undefined);
    },
  },
  {
    name: 'a key is deleted by the version that it has, and by no other',
    requires: canCompare,
    async run(scene) {
      const store = await comparingStore(scene);
      const key = scene.key('a');
      assert.equal(await store.compareAndDelete(key, 1), false);
      const first = await force(store, key, '1');
      const second = await force(store, key, '2');
      assert.equal(await store.compareAndDelete(key, first), false);
      assert.equal(await read(store, key), '2');
      assert.equal(await store.compareAndDelete(key, second), true);
      assert.equal(await read(store, key), undefined);
      assert.equal(await store.compareAndDelete(key, second), false);
      const third = await store.compareAndSet(key, 0, bytes('3'));
      assert.ok(third !== undefined && third > second);
    },
  },
  {
    name: 'what was set again, or has expired, is not deleted by the version before',
    requires: canCompare,
    async run(scene) {
      const store = await comparingStore(scene);
      const before = await force(store, scene.key('a'), '1');
      await store.setMany([{ key: scene.key('a'), value: bytes('2') }]);
      assert.equal(await store.compareAndDelete(scene.key('a'), before), false);
      assert.equal(await read(store, scene.key('a')), '2');
      const expiring = await store.compareAndSet(scene.key('b'), 0, bytes('1'), 300);
      assert.ok(expiring !== undefined);
      await scene.passTime(400);
      assert.equal(await store.compareAndDelete(scene.key('b'), expiring), false);
    },
  },
  {
    name: 'of clients that compare the same version at once one succeeds',
    requires: canCompare,
    async run(scene) {
      const stores = [await comparingStore(scene), await comparingStore(scene)];
      for (const version of [0, await force(stores[0] as ComparingStore, scene.key('b'), '1')]) {
        const key = scene.key(version === 0 ? 'a' : 'b');
        const outcomes = await Promise.all(
          Array.from({ length: 20 }, (_, index) =>
            (stores[index % 2] as ComparingStore).compareAndSet(key, version, bytes(String(index))),
          ),
        );
        assert.equal(outcomes.filter((outcome) => outcome !== undefined).length, 1);
        const winner = outcomes.findIndex((outcome) => outcome !== undefined);
        assert.equal(await read(stores[0] as ComparingStore, key), String(winner));
      }
    },
  },
  {
    name: 'an entry whose time is over is as good as none',
    requires: canCompare,
    async run(scene) {
      const store = await comparingStore(scene);
      const version = await store.compareAndSet(scene.key('a'), 0, bytes('1'), 300);
      assert.ok(version !== undefined);
      await scene.passTime(400);
      assert.equal(await store.getVersioned(scene.key('a')), undefined);
      assert.equal(await store.compareAndSet(scene.key('a'), version, bytes('2')), undefined);
      assert.ok(((await store.compareAndSet(scene.key('a'), 0, bytes('3'))) ?? 0) > version);
    },
  },
];
