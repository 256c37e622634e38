import { VirtualClock } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { MemoryResults, memoryBackend } from '../backend/memory-backend.js';
import type { ChordProgress, ChordRole, GroupRole, ResultBackend, ResultNotifier } from '../backend/result-backend.js';
import type { ResultRecord } from '../result/result-record.js';
import { resultBackendConformance } from './index.js';

interface Good extends Pick<ResultBackend, 'open' | 'close' | 'store' | 'getMany' | 'forget'> {
  readonly notifier: ResultNotifier;
  readonly groups: GroupRole;
  readonly chords: ChordRole;
}

/** What a backend does wrong, given the members of one that does not; and a case of the kit that has to notice. */
interface Defect {
  readonly title: string;
  readonly noticedBy: string;
  readonly breaks: (good: Good) => Partial<Good>;
}

const changed = (good: Good, change: (record: ResultRecord) => ResultRecord): Partial<Good> => ({
  store: (records) => good.store(records.map(change)),
});

const finalCase = 'a SUCCESS is final, whoever stores what after it [TR-169]';
const partsCase = 'parts are counted up to the size, and given in the order of their index';

const defects: readonly Defect[] = [
  {
    title: 'loses the parent',
    noticedBy: 'an outcome is found as it was stored',
    breaks: (good) => changed(good, ({ parentId: _, ...record }) => record),
  },
  {
    title: 'loses the children',
    noticedBy: 'an outcome is found as it was stored',
    breaks: (good) => changed(good, (record) => ({ ...record, children: null })),
  },
  {
    title: 'loses what is extended',
    noticedBy: 'an extended outcome is found as it was stored',
    breaks: (good) => changed(good, ({ extended: _, ...record }) => record),
  },
  {
    title: 'goes through plain JSON',
    noticedBy: "values of the serializer's types come back as what they were",
    breaks: (good) =>
      changed(good, (record) => ({
        ...record,
        result: JSON.parse(
          JSON.stringify(record.result, (_, value) => (typeof value === 'bigint' ? String(value) : value)),
        ) as unknown,
      })),
  },
  {
    title: 'finds something under every id',
    noticedBy: 'ids that nothing is known of are missing among the others',
    breaks: ({ getMany }) => ({
      getMany: async (taskIds) => {
        const found = await getMany(taskIds);
        const [any] = found.values();
        return new Map(
          taskIds.flatMap((taskId) => (any === undefined ? [] : [[taskId, found.get(taskId) ?? any] as const])),
        );
      },
    }),
  },
  {
    title: 'keeps the first state',
    noticedBy: 'a later state replaces an earlier one',
    breaks: ({ getMany, store }) => ({
      store: async (records) => {
        const found = await getMany(records.map(({ taskId }) => taskId));
        await store(records.filter(({ taskId }) => !found.has(taskId)));
      },
    }),
  },
  {
    title: 'overwrites a SUCCESS',
    noticedBy: finalCase,
    breaks: ({ forget, store }) => ({
      store: async (records) => {
        await forget(records.map(({ taskId }) => taskId));
        await store(records);
      },
    }),
  },
  {
    title: 'overwrites a SUCCESS by another one',
    noticedBy: finalCase,
    breaks: ({ forget, store }) => ({
      store: async (records) => {
        await forget(records.filter(({ status }) => status === 'SUCCESS').map(({ taskId }) => taskId));
        await store(records);
      },
    }),
  },
  {
    title: 'refuses a whole call because of one SUCCESS',
    noticedBy: finalCase,
    breaks: ({ getMany, store }) => ({
      store: async (records) => {
        const found = await getMany(records.map(({ taskId }) => taskId));
        if (![...found.values()].some(({ status }) => status === 'SUCCESS')) await store(records);
      },
    }),
  },
  {
    title: 'overwrites a SUCCESS within one call',
    noticedBy: 'a SUCCESS is final within one call too',
    breaks: ({ store }) => ({
      store: (records) => store([...new Map(records.map((one) => [one.taskId, one])).values()]),
    }),
  },
  {
    title: 'forgets nothing',
    noticedBy: 'what is forgotten is gone, nothing else is, and it may be stored again',
    breaks: () => ({ forget: () => Promise.resolve() }),
  },
  {
    title: 'keeps for ever',
    noticedBy: 'outcomes are gone when their time is over',
    breaks: ({ open }) => ({ open: (context, signal) => open({ ...context, expiresMs: undefined }, signal) }),
  },
  {
    title: 'opens whatever the signal says',
    noticedBy: 'opening with an aborted signal rejects with its reason',
    breaks: ({ open }) => ({ open: (context) => open(context, new AbortController().signal) }),
  },
  {
    title: 'never tells',
    noticedBy: 'who watches is told what is stored, by whomever, and finds it then',
    breaks: ({ notifier }) => ({ notifier: { listen: () => notifier.listen(() => undefined) } }),
  },
  {
    title: 'tells before it has stored',
    noticedBy: 'who watches is told what is stored, by whomever, and finds it then',
    breaks: ({ store, notifier }) => {
      const listeners = new Set<(taskIds: readonly string[]) => void>();
      return {
        store: async (records) => {
          for (const listener of listeners) listener(records.map(({ taskId }) => taskId));
          setTimeout(() => void store(records), 100);
        },
        notifier: {
          listen: (onStored) => {
            listeners.add(onStored);
            return notifier.listen(() => undefined);
          },
        },
      };
    },
  },
  {
    title: 'tells only of what is ready',
    noticedBy: 'every state is told',
    breaks: ({ notifier, getMany }) => ({
      notifier: {
        listen: (onStored) =>
          notifier.listen((taskIds) => {
            void getMany(taskIds).then((found) =>
              onStored(taskIds.filter((taskId) => found.get(taskId)?.status === 'SUCCESS')),
            );
          }),
      },
    }),
  },
  {
    title: 'goes on telling a listener that was closed',
    noticedBy: 'two listeners watch the same task, and one that has closed is told no more',
    breaks: ({ notifier }) => ({
      notifier: {
        listen: async (onStored) => ({ ...(await notifier.listen(onStored)), close: () => Promise.resolve() }),
      },
    }),
  },
  {
    title: 'forgets no group',
    noticedBy: 'saving again replaces, forgetting deletes, and what nobody saved is undefined',
    breaks: ({ groups }) => ({ groups: { ...groups, forgetGroup: () => Promise.resolve() } }),
  },
  {
    title: 'counts reports instead of parts',
    noticedBy: 'a part that is reported again is not counted again, and sees how the chord stands',
    breaks: ({ chords }) => {
      let reports = 0;
      const addPart: ChordRole['addPart'] = async (groupId, part): Promise<ChordProgress> => {
        reports += 1;
        return { ...(await chords.addPart(groupId, part)), count: reports };
      };
      return { chords: { ...chords, addPart } };
    },
  },
  {
    title: 'grows by the same task again',
    noticedBy: 'a chord that has grown waits for one part more, and for those of the same task once',
    breaks: ({ chords }) => ({
      chords: { ...chords, growChord: (groupId, taskId) => chords.growChord(groupId, `${taskId}${Math.random()}`) },
    }),
  },
  {
    title: 'never shrinks',
    noticedBy: 'a chord that shrinks does not wait for that task any more, which may be added again',
    breaks: ({ chords }) => ({ chords: { ...chords, shrinkChord: () => Promise.resolve() } }),
  },
  {
    title: 'forgets with every opening what it has grown by',
    noticedBy: 'a chord keeps what it has grown by when it is opened later, or again, and forgets it when it is closed',
    breaks: ({ chords }) => ({
      chords: {
        ...chords,
        openChord: async (groupId, size) => {
          await chords.closeChord(groupId);
          await chords.openChord(groupId, size);
        },
      },
    }),
  },
  {
    title: 'gives parts in the order in which they came',
    noticedBy: partsCase,
    breaks: ({ chords }) => ({
      chords: {
        ...chords,
        parts: async (groupId) => [...(await chords.parts(groupId))].sort((a, b) => (b.index ?? 0) - (a.index ?? 0)),
      },
    }),
  },
  {
    title: 'keeps one part per index',
    noticedBy: 'parts of the same index are all kept: flattened groups share theirs',
    breaks: ({ chords }) => ({
      chords: {
        ...chords,
        parts: async (groupId) => [
          ...new Map((await chords.parts(groupId)).map((part) => [part.index, part])).values(),
        ],
      },
    }),
  },
  {
    title: 'begins anew when a chord is opened again',
    noticedBy: 'opening twice is as good as once',
    breaks: ({ chords }) => ({
      chords: {
        ...chords,
        openChord: async (groupId, size) => {
          await chords.closeChord(groupId);
          await chords.openChord(groupId, size);
        },
      },
    }),
  },
  {
    title: 'loses parts that come before the chord is opened',
    noticedBy: 'parts that come before the chord is opened count, and have no size yet',
    breaks: ({ chords }) => ({
      chords: {
        ...chords,
        addPart: async (groupId, part) => {
          const progress = await chords.addPart(groupId, part);
          if (progress.size === undefined) await chords.closeChord(groupId);
          return progress;
        },
      },
    }),
  },
  {
    title: 'tells everybody that a chord is complete',
    noticedBy: 'of different parts that are reported at once exactly one sees the count reach the size',
    breaks: ({ chords }) => ({
      chords: {
        ...chords,
        addPart: async (groupId, part) => {
          const { size } = await chords.addPart(groupId, part);
          await new Promise((resolve) => {
            setTimeout(resolve, 5);
          });
          return { size, count: (await chords.parts(groupId)).length };
        },
      },
    }),
  },
  {
    title: 'does not forget a chord',
    noticedBy: 'a chord that is closed is forgotten, twice if need be, and nothing else is',
    breaks: ({ chords }) => ({ chords: { ...chords, closeChord: () => Promise.resolve() } }),
  },
];

function brokenBackend(results: MemoryResults, breaks: Defect['breaks']): ResultBackend {
  const backend = memoryBackend(results);
  const { notifier, groups, chords } = backend as ResultBackend & Good;
  const good: Good = {
    open: (...given) => backend.open(...given),
    close: () => backend.close(),
    store: (records) => backend.store(records),
    getMany: (taskIds) => backend.getMany(taskIds),
    forget: (taskIds) => backend.forget(taskIds),
    notifier,
    groups,
    chords,
  };
  const { supports } = backend;
  return { spec: 1, name: 'broken', url: 'broken://', supports, ...good, ...breaks(good) };
}

describe('the kit of result backends', () => {
  test.each(defects)('notices a backend that $title', async ({ noticedBy, breaks }) => {
    const clock = new VirtualClock();
    const results = new MemoryResults();
    const create = (): ResultBackend => brokenBackend(results, breaks);
    const kit = resultBackendConformance({ create, clock, passTime: (ms) => clock.advance(ms), patienceMs: 200 });
    const found = kit.find(({ name }) => name === noticedBy);
    expect(found?.isSupported).toBe(true);
    await expect(found?.run()).rejects.toThrow();
  });

  test('has one name for each case', () => {
    const names = resultBackendConformance({ create: () => memoryBackend() }).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });
});
