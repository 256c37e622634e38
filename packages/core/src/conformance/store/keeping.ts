import assert from 'node:assert/strict';
import type { KeyValueStore } from '../../backend/key-value-store.js';
import type { CaseDescription } from '@ctq/runtime/conformance';
import { bytes, read, type StoreScene, text } from '../store-scene.js';

/** Values are kept, replaced, deleted and expire. */
export const keepingCases: readonly CaseDescription<KeyValueStore, StoreScene>[] = [
  {
    name: 'what was set is found, what was not is missing',
    async run(scene) {
      const store = await scene.open();
      await store.setMany([{ key: scene.key('a'), value: bytes('1') }]);
      const found = await store.getMany([scene.key('a'), scene.key('b')]);
      assert.deepEqual([...found.keys()], [scene.key('a')]);
      assert.equal(text(found.get(scene.key('a'))), '1');
    },
  },
  {
    name: 'another client of the store finds it too, also after the first has gone',
    async run(scene) {
      const writer = await scene.open();
      const reader = await scene.open();
      await writer.setMany([{ key: scene.key('a'), value: bytes('1') }]);
      assert.equal(await read(reader, scene.key('a')), '1');
      await writer.close();
      assert.equal(await read(reader, scene.key('a')), '1');
    },
  },
  {
    name: 'setting again replaces',
    async run(scene) {
      const store = await scene.open();
      await store.setMany([{ key: scene.key('a'), value: bytes('1') }]);
      await store.setMany([{ key: scene.key('a'), value: bytes('2') }]);
      assert.equal(await read(store, scene.key('a')), '2');
    },
  },
  {
    name: 'bytes of every value come back as they were, and so does nothing at all',
    async run(scene) {
      const store = await scene.open();
      const all = Uint8Array.from({ length: 256 }, (_, index) => index);
      await store.setMany([
        { key: scene.key('all'), value: all },
        { key: scene.key('empty'), value: new Uint8Array() },
      ]);
      const found = await store.getMany([scene.key('all'), scene.key('empty')]);
      assert.deepEqual([...(found.get(scene.key('all')) ?? [])], [...all]);
      assert.equal(found.get(scene.key('empty'))?.byteLength, 0);
    },
  },
  {
    name: 'a megabyte is kept',
    async run(scene) {
      const store = await scene.open();
      const value = bytes('0123456789abcdef'.repeat(65_536));
      await store.setMany([{ key: scene.key('large'), value }]);
      assert.ok(
        Buffer.from(value).equals((await store.getMany([scene.key('large')])).get(scene.key('large')) ?? bytes('')),
      );
    },
  },
  {
    name: 'keys differ by case, and no character means anything',
    async run(scene) {
      const store = await scene.open();
      const names = ['a', 'A', 'a b', 'a%', 'a_', 'a*', 'a?', 'a[b]', "a'b", 'a"b', 'a\\b', 'a:b/c', 'é', '😀', ' a'];
      await store.setMany(names.map((name) => ({ key: scene.key(name), value: bytes(name) })));
      const found = await store.getMany(names.map((name) => scene.key(name)));
      assert.deepEqual(
        names.map((name) => text(found.get(scene.key(name)))),
        names,
      );
    },
  },
  {
    name: 'thousands of entries are set, found and deleted in one call',
    async run(scene) {
      const store = await scene.open();
      const keys = Array.from({ length: 3_000 }, (_, index) => scene.key(`many-${index}`));
      await store.setMany(keys.map((key) => ({ key, value: bytes(key) })));
      const found = await store.getMany(keys);
      assert.ok(keys.every((key) => text(found.get(key)) === key));
      await store.deleteMany(keys);
      assert.equal((await store.getMany(keys)).size, 0);
    },
  },
  {
    name: 'deleting takes what is named and nothing else; what does not exist is fine',
    async run(scene) {
      const store = await scene.open();
      await store.setMany(['a', 'b', 'ab'].map((name) => ({ key: scene.key(name), value: bytes(name) })));
      await store.deleteMany([scene.key('a'), scene.key('missing')]);
      assert.equal(await read(store, scene.key('a')), undefined);
      assert.deepEqual([await read(store, scene.key('b')), await read(store, scene.key('ab'))], ['b', 'ab']);
    },
  },
  {
    name: 'nothing to do is done',
    async run(scene) {
      const store = await scene.open();
      await store.setMany([]);
      await store.deleteMany([]);
      assert.equal((await store.getMany([])).size, 0);
    },
  },
  {
    name: 'entries are gone when their time is over, and those without stay',
    async run(scene) {
      const store = await scene.open();
      await store.setMany([
        { key: scene.key('short'), value: bytes('1'), ttlMs: 300 },
        { key: scene.key('long'), value: bytes('1'), ttlMs: 60_000 },
        { key: scene.key('ever'), value: bytes('1') },
      ]);
      assert.equal(await read(store, scene.key('short')), '1');
      await scene.passTime(400);
      const found = await store.getMany(['short', 'long', 'ever'].map((name) => scene.key(name)));
      assert.deepEqual([...found.keys()].sort(), [scene.key('ever'), scene.key('long')]);
    },
  },
  {
    name: 'setting again sets the time anew, or ends it',
    async run(scene) {
      const store = await scene.open();
      const set = (name: string, ttlMs?: number): Promise<void> =>
        store.setMany([{ key: scene.key(name), value: bytes(name), ...(ttlMs === undefined ? {} : { ttlMs }) }]);
      await set('longer', 300);
      await set('ever', 300);
      await set('shorter');
      await set('longer', 60_000);
      await set('ever');
      await set('shorter', 300);
      await scene.passTime(400);
      assert.equal(await read(store, scene.key('longer')), 'longer');
      assert.equal(await read(store, scene.key('ever')), 'ever');
      assert.equal(await read(store, scene.key('shorter')), undefined);
    },
  },
  {
    name: 'closing twice is fine',
    async run(scene) {
      const store = await scene.open();
      await store.close();
      await store.close();
    },
  },
];
