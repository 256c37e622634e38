import assert from 'node:assert/strict';
import type { KeyValueStore } from '../../backend/key-value-store.js';
import type { CaseDescription, Requirement } from '@ctq/runtime/conformance';
import { pause, until } from '../patience.js';
import { bytes, type StoreScene } from '../store-scene.js';

const canList: Requirement<KeyValueStore> = { what: 'list', isMet: (store) => store.list !== undefined };
const canWatch: Requirement<KeyValueStore> = { what: 'watch', isMet: (store) => store.watch !== undefined };

type FindingStore = Required<Pick<KeyValueStore, 'list' | 'watch'>> & KeyValueStore;

async function findingStore(scene: StoreScene): Promise<FindingStore> {
  return (await scene.open()) as FindingStore;
}

/** Keys are listed by prefix, and watched. */
export const findingCases: readonly CaseDescription<KeyValueStore, StoreScene>[] = [
  {
    name: 'keys are listed by prefix in the order of their bytes',
    requires: canList,
    async run(scene) {
      const store = await findingStore(scene);
      const names = ['p/b', 'p/a', 'p/B', 'p/é', 'p/😀', 'p/\uffee', 'p', 'q/a', 'P/a'];
      await store.setMany(names.map((name) => ({ key: scene.key(name), value: bytes('1') })));
      assert.deepEqual(
        await store.list(scene.key('p/')),
        ['p/B', 'p/a', 'p/b', 'p/é', 'p/\uffee', 'p/😀'].map((name) => scene.key(name)),
      );
      assert.deepEqual(await store.list(scene.key('none')), []);
    },
  },
  {
    name: 'no character of a prefix means anything',
    requires: canList,
    async run(scene) {
      const store = await findingStore(scene);
      const names = ['a%b', 'a_b', 'a*b', 'a[b', 'a?b', 'a\\b', 'aXb'];
      await store.setMany(names.map((name) => ({ key: scene.key(name), value: bytes('1') })));
      for (const name of names) assert.deepEqual(await store.list(scene.key(name)), [scene.key(name)]);
    },
  },
  {
    name: 'what was deleted or has expired is not listed',
    requires: canList,
    async run(scene) {
      const store = await findingStore(scene);
      await store.setMany([
        { key: scene.key('p/deleted'), value: bytes('1') },
        { key: scene.key('p/expired'), value: bytes('1'), ttlMs: 300 },
        { key: scene.key('p/there'), value: bytes('1'), ttlMs: 60_000 },
      ]);
      await store.deleteMany([scene.key('p/deleted')]);
      await scene.passTime(400);
      assert.deepEqual(await store.list(scene.key('p/')), [scene.key('p/there')]);
    },
  },
  {
    name: 'who watches a key is told when it is set, also by another client',
    requires: canWatch,
    async run(scene) {
      const [watcher, writer] = [await findingStore(scene), await findingStore(scene)];
      const told = new Set<string>();
      const watch = await watcher.watch([scene.key('a'), scene.key('b')], (keys) =>
        keys.forEach((key) => told.add(key)),
      );
      await writer.setMany([{ key: scene.key('a'), value: bytes('1') }]);
      await until(scene.patienceMs, 'news of a', () => told.has(scene.key('a')));
      await watcher.setMany([{ key: scene.key('b'), value: bytes('1') }]);
      await until(scene.patienceMs, 'news of b', () => told.has(scene.key('b')));
      told.clear();
      await writer.setMany([{ key: scene.key('a'), value: bytes('2') }]);
      await until(scene.patienceMs, 'news of a again', () => told.has(scene.key('a')));
      await watch.close();
    },
  },
  {
    name: 'several watch the same key, and one that has closed its watch is told no more',
    requires: canWatch,
    async run(scene) {
      const store = await findingStore(scene);
      const told = [0, 0];
      const watches = await Promise.all(
        told.map((_, index) => store.watch([scene.key('a')], () => void (told[index] = (told[index] ?? 0) + 1))),
      );
      await store.setMany([{ key: scene.key('a'), value: bytes('1') }]);
      await until(scene.patienceMs, 'news for both', () => told.every((times) => times > 0));
      // News of the first set may be told twice; it has to be through before silence means anything.
      await pause(50);
      await watches[0]?.close();
      await watches[0]?.close();
      const [first, second = 0] = told;
      await store.setMany([{ key: scene.key('a'), value: bytes('2') }]);
      await until(scene.patienceMs, 'news for the other', () => (told[1] ?? 0) > second);
      await pause(50);
      assert.equal(told[0], first);
      await watches[1]?.close();
    },
  },
];
