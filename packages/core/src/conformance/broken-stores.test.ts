import { VirtualClock } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import type { KeyValueStore } from '../backend/key-value-store.js';
import { memoryStore } from '../backend/memory-store.js';
import { membersOf } from '../__fixtures__/members-of.js';
import { keyValueStoreConformance } from './index.js';

type Methods = Required<Omit<KeyValueStore, 'spec' | 'name' | 'url'>>;

/** What a store does wrong, given the methods of one that does not; and a case of the kit that has to notice. */
interface Defect {
  readonly title: string;
  readonly noticedBy: string;
  readonly breaks: (good: Methods) => Partial<Methods>;
}

const text = (value: Uint8Array): string => new TextDecoder().decode(value);
const bytes = (value: string): Uint8Array => new TextEncoder().encode(value);

const defects: readonly Defect[] = [
  {
    title: 'finds what was never set',
    noticedBy: 'what was set is found, what was not is missing',
    breaks: () => ({ getMany: (keys) => Promise.resolve(new Map(keys.map((key) => [key, bytes('1')]))) }),
  },
  {
    title: 'does not replace',
    noticedBy: 'setting again replaces',
    breaks: ({ getMany, setMany }) => ({
      setMany: async (entries) => {
        const found = await getMany(entries.map(({ key }) => key));
        await setMany(entries.filter(({ key }) => !found.has(key)));
      },
    }),
  },
  {
    title: 'keeps text instead of bytes',
    noticedBy: 'bytes of every value come back as they were, and so does nothing at all',
    breaks: ({ setMany }) => ({
      setMany: (entries) => setMany(entries.map((entry) => ({ ...entry, value: bytes(text(entry.value)) }))),
    }),
  },
  {
    title: 'folds the case of keys',
    noticedBy: 'keys differ by case, and no character means anything',
    breaks: ({ setMany, getMany }) => ({
      setMany: (entries) => setMany(entries.map((entry) => ({ ...entry, key: entry.key.toLowerCase() }))),
      getMany: async (keys) => {
        const found = await getMany(keys.map((key) => key.toLowerCase()));
        return new Map(
          keys.flatMap((key) =>
            found.has(key.toLowerCase()) ? [[key, found.get(key.toLowerCase()) as Uint8Array] as const] : [],
          ),
        );
      },
    }),
  },
  {
    title: 'takes a thousand entries at most',
    noticedBy: 'thousands of entries are set, found and deleted in one call',
    breaks: ({ setMany }) => ({ setMany: (entries) => setMany(entries.slice(0, 1_000)) }),
  },
  {
    title: 'deletes by prefix',
    noticedBy: 'deleting takes what is named and nothing else; what does not exist is fine',
    breaks: ({ deleteMany, list }) => ({
      deleteMany: async (keys) => {
        for (const key of keys) await deleteMany(await list(key));
      },
    }),
  },
  {
    title: 'fails at nothing to do',
    noticedBy: 'nothing to do is done',
    breaks: () => ({
      deleteMany: (keys) => (keys.length === 0 ? Promise.reject(new Error('no keys')) : Promise.resolve()),
    }),
  },
  {
    title: 'forgets the time to live',
    noticedBy: 'entries are gone when their time is over, and those without stay',
    breaks: ({ setMany }) => ({ setMany: (entries) => setMany(entries.map(({ key, value }) => ({ key, value }))) }),
  },
  {
    title: 'keeps the first time to live',
    noticedBy: 'setting again sets the time anew, or ends it',
    breaks: ({ setMany }) => {
      const first = new Map<string, number>();
      return {
        setMany: (entries) =>
          setMany(
            entries.map((entry) => {
              const ttlMs = first.get(entry.key) ?? entry.ttlMs;
              if (ttlMs === undefined) return entry;
              first.set(entry.key, ttlMs);
              return { ...entry, ttlMs };
            }),
          ),
      };
    },
  },
  {
    title: 'cannot be closed twice',
    noticedBy: 'closing twice is fine',
    breaks: () => {
      let closed = false;
      return {
        close: () => {
          if (closed) return Promise.reject(new Error('closed'));
          closed = true;
          return Promise.resolve();
        },
      };
    },
  },
  {
    title: 'counts without being atomic',
    noticedBy: 'no two clients that count at once are given the same sum',
    breaks: ({ getMany, setMany }) => ({
      increment: async (key, by) => {
        const sum = Number(text((await getMany([key])).get(key) ?? bytes('0'))) + by;
        await setMany([{ key, value: bytes(String(sum)) }]);
        return sum;
      },
    }),
  },
  {
    title: 'counts for ever',
    noticedBy: 'a count expires, and counting puts that off',
    breaks: ({ increment }) => ({ increment: (key, by) => increment(key, by) }),
  },
  {
    title: 'compares without being atomic',
    noticedBy: 'of clients that compare the same version at once one succeeds',
    breaks: ({ getVersioned, setMany }) => ({
      compareAndSet: async (key, version, value) => {
        if (((await getVersioned(key))?.version ?? 0) !== version) return undefined;
        await setMany([{ key, value }]);
        return (await getVersioned(key))?.version;
      },
    }),
  },
  {
    title: 'begins versions anew after a deletion',
    noticedBy: 'a version never comes again, not even after the key was deleted: it is a fencing token',
    breaks: ({ getVersioned, compareAndSet }) => {
      // Versions as a counter in the value would be: 1 for what is new.
      const base = new Map<string, number>();
      const shown = async (key: string): Promise<number> => {
        const version = (await getVersioned(key))?.version;
        return version === undefined ? 0 : version - (base.get(key) ?? 0);
      };
      return {
        getVersioned: async (key) => {
          const found = await getVersioned(key);
          return found === undefined ? undefined : { value: found.value, version: await shown(key) };
        },
        compareAndSet: async (key, version, value, ttlMs) => {
          if ((await shown(key)) !== version) return undefined;
          const real = await compareAndSet(key, (await getVersioned(key))?.version ?? 0, value, ttlMs);
          if (version === 0 && real !== undefined) base.set(key, real - 1);
          return real === undefined ? undefined : real - (base.get(key) ?? 0);
        },
      };
    },
  },
  {
    title: 'deletes whatever the version is',
    noticedBy: 'a key is deleted by the version that it has, and by no other',
    breaks: ({ deleteMany }) => ({ compareAndDelete: (key) => deleteMany([key]).then(() => true) }),
  },
  {
    title: 'forgets what a plain set does to versions when it deletes',
    noticedBy: 'what was set again, or has expired, is not deleted by the version before',
    breaks: ({ getVersioned, compareAndDelete }) => {
      const first = new Map<string, number>();
      return {
        compareAndDelete: async (key, version) => {
          const current = (await getVersioned(key))?.version ?? 0;
          if (!first.has(key)) first.set(key, version);
          return compareAndDelete(key, first.get(key) === version ? current : version);
        },
      };
    },
  },
  {
    title: 'overwrites version 0',
    noticedBy: 'version 0 is set where nothing is, and only there',
    breaks: ({ getVersioned, compareAndSet }) => ({
      compareAndSet: async (key, version, value, ttlMs) =>
        compareAndSet(key, version === 0 ? ((await getVersioned(key))?.version ?? 0) : version, value, ttlMs),
    }),
  },
  {
    title: 'lists in the order of insertion',
    noticedBy: 'keys are listed by prefix in the order of their bytes',
    breaks: ({ list }) => ({ list: async (prefix) => [...(await list(prefix))].reverse() }),
  },
  {
    title: 'lists by the order of UTF-16',
    noticedBy: 'keys are listed by prefix in the order of their bytes',
    breaks: ({ list }) => ({ list: async (prefix) => [...(await list(prefix))].sort() }),
  },
  {
    title: 'takes an underscore for any character',
    noticedBy: 'no character of a prefix means anything',
    breaks: ({ list }) => ({
      list: async (prefix) => {
        const pattern = new RegExp(`^${prefix.replaceAll(/[-[\]{}()*+?.\\^$|]/g, '\\$&').replaceAll('_', '.')}`);
        return (await list('')).filter((key) => pattern.test(key));
      },
    }),
  },
  {
    title: 'never tells',
    noticedBy: 'who watches a key is told when it is set, also by another client',
    breaks: () => ({ watch: () => Promise.resolve({ close: () => Promise.resolve() }) }),
  },
  {
    title: 'goes on telling after the watch was closed',
    noticedBy: 'several watch the same key, and one that has closed its watch is told no more',
    breaks: ({ watch }) => ({
      watch: async (...given) => ({ ...(await watch(...given)), close: () => Promise.resolve() }),
    }),
  },
];

function brokenStore(breaks: Defect['breaks']): KeyValueStore {
  const good = membersOf(memoryStore()) as KeyValueStore & Methods;
  return { ...good, name: 'broken', url: 'broken://', ...breaks(good) };
}

describe('the kit of key-value stores', () => {
  test.each(defects)('notices a store that $title', async ({ noticedBy, breaks }) => {
    const clock = new VirtualClock();
    const store = brokenStore(breaks);
    const kit = keyValueStoreConformance({
      create: () => store,
      clock,
      passTime: (ms) => clock.advance(ms),
      patienceMs: 100,
    });
    const found = kit.find(({ name }) => name === noticedBy);
    expect(found?.isSupported).toBe(true);
    await expect(found?.run()).rejects.toThrow();
  });

  test('skips what a store does not offer, and nothing else', () => {
    const { spec, name, url, open, close, getMany, setMany, deleteMany } = memoryStore();
    const kit = keyValueStoreConformance({
      create: () => ({ spec, name, url, open, close, getMany, setMany, deleteMany }),
    });
    expect(new Set(kit.filter(({ isSupported }) => !isSupported).map(({ requires }) => requires))).toEqual(
      new Set(['increment', 'compareAndSet', 'list', 'watch']),
    );
    expect(kit.filter(({ isSupported }) => isSupported).every(({ requires }) => requires === undefined)).toBe(true);
  });

  test('has one name for each case', () => {
    const names = keyValueStoreConformance({ create: memoryStore }).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });
});
