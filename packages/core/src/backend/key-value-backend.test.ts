import { silentLogger, VirtualClock } from '@ctq/runtime';
import { createContentCodec } from '@ctq/messaging';
import { describe, expect, test } from 'vitest';
import { membersOf } from '../__fixtures__/members-of.js';
import { resultBackendConformance } from '../conformance/index.js';
import { createResultCodec } from '../result/result-codec.js';
import type { ResultRecord } from '../result/result-record.js';
import { keyValueBackend } from './key-value-backend.js';
import type { KeyValueStore } from './key-value-store.js';
import { memoryStore } from './memory-store.js';
import type { ResultBackend } from './result-backend.js';

const supports = { durability: 'none', reach: 'process', expiry: 'native' } as const;
const codec = createResultCodec(createContentCodec(), 'json');

/** A store with all roles, with one left out. */
function without(store: KeyValueStore, ...roles: readonly (keyof KeyValueStore)[]): KeyValueStore {
  const given = Object.entries(membersOf(store)).filter(([role]) => !roles.includes(role as keyof KeyValueStore));
  return Object.fromEntries(given) as unknown as KeyValueStore;
}

async function setup(store: KeyValueStore = memoryStore(), globalKeyPrefix = ''): Promise<ResultBackend> {
  const backend = keyValueBackend(store, { supports, globalKeyPrefix });
  const context = { clock: new VirtualClock(), logger: silentLogger, codec, expiresMs: 1_000 };
  await backend.open(context, new AbortController().signal);
  return backend;
}

const record = (taskId: string, given: Partial<ResultRecord> = {}): ResultRecord => ({
  ...{ taskId, status: 'SUCCESS', result: null, traceback: null, children: [], dateDone: null },
  ...given,
});

describe('a result backend', () => {
  const stores: Readonly<Record<string, (store: KeyValueStore) => KeyValueStore>> = {
    'over memory': (store) => store,
    'over a store that only compares': (store) => without(store, 'increment'),
    'over a store that can do nothing but keep': (store) =>
      without(store, 'increment', 'compareAndSet', 'getVersioned', 'list', 'watch'),
  };
  for (const [title, restrict] of Object.entries(stores)) {
    describe(title, () => {
      const clock = new VirtualClock();
      const store = restrict(memoryStore());
      const create = (): ResultBackend => keyValueBackend(store, { supports });
      const kit = resultBackendConformance({ create, clock, passTime: (ms) => clock.advance(ms) });
      for (const { name, run } of kit.filter(({ isSupported }) => isSupported)) test(name, run);
    });
  }

  test('has chords only where somebody can count, and news only where somebody tells', async () => {
    const bare = await setup(without(memoryStore(), 'increment', 'compareAndSet', 'watch'));
    expect([bare.chords, bare.notifier]).toEqual([undefined, undefined]);
  });
});

describe('keys of results', () => {
  test.each([
    ['', 'celery-task-meta-t', 'celery-taskset-meta-g'],
    ['shop', 'shop_celery-task-meta-t', 'shop_celery-taskset-meta-g'],
    ['shop:', 'shop:celery-task-meta-t', 'shop:celery-taskset-meta-g'],
    ['shop-', 'shop-celery-task-meta-t', 'shop-celery-taskset-meta-g'],
  ])("[BK-016, BK-017] are Celery's, after the prefix '%s'", async (prefix, taskKey, groupKey) => {
    const store = memoryStore();
    const backend = await setup(store, prefix);
    await backend.store([record('t')]);
    await backend.groups?.saveGroup('g', [1]);
    expect(await store.list?.('')).toEqual([taskKey, groupKey].sort());
    expect([...(await backend.getMany(['t'])).keys()]).toEqual(['t']);
  });

  test("[BK-027] a saved group is Celery's document", async () => {
    const store = memoryStore();
    const backend = await setup(store);
    await backend.groups?.saveGroup('g', [['g', null], []]);
    const [bytes] = (await store.getMany(['celery-taskset-meta-g'])).values();
    expect(new TextDecoder().decode(bytes)).toBe('{"result":[["g",null],[]]}');
  });

  test('[BK-018] an empty id is refused', async () => {
    const backend = await setup();
    await expect(backend.store([record('')])).rejects.toThrow(TypeError);
    await expect(backend.getMany([''])).rejects.toThrow(TypeError);
  });
});

describe('round trips', () => {
  test('[BK-019] storing any number of outcomes is one read and one write', async () => {
    const calls: string[] = [];
    const store = memoryStore();
    const counted = without(store);
    const backend = await setup({
      ...counted,
      getMany: (keys) => {
        calls.push(`read ${keys.length}`);
        return counted.getMany(keys);
      },
      setMany: (entries) => {
        calls.push(`write ${entries.length}`);
        return counted.setMany(entries);
      },
    });
    await backend.store(Array.from({ length: 100 }, (_, index) => record(String(index))));
    await backend.store([record('0', { status: 'FAILURE' })]);
    await backend.store([]);
    expect(calls).toEqual(['read 100', 'write 100', 'read 1']);
  });
});

describe('documents that cannot be read', () => {
  test('are a failure of their own task and of no other', async () => {
    const store = memoryStore();
    const backend = await setup(store);
    await backend.store([record('good', { result: 1 })]);
    await store.setMany([{ key: 'celery-task-meta-bad', value: new TextEncoder().encode('garbage') }]);
    const found = await backend.getMany(['good', 'bad']);
    expect(found.get('good')?.result).toBe(1);
    expect(found.get('bad')).toMatchObject({ status: 'FAILURE', result: { excType: 'DecodeError' } });
    await backend.store([record('bad', { result: 2 })]);
    expect((await backend.getMany(['bad'])).get('bad')?.result).toBe(2);
  });
});
