import { VirtualClock } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { MemoryBroker } from '../memory/memory-broker.js';
import { MemoryStore } from '../memory/memory-store.js';
import type { HeldMessage, LeaseRole, QueueStore } from '../store/queue-store.js';
import type { BindingDeclaration } from '../transport/channel.js';
import { queueStoreConformance } from './queue-store-conformance.js';
import { tamperedStore } from './tampered-store.js';

type Change = (sound: QueueStore) => Partial<QueueStore>;

/** Names of the cases that fail for a store that is broken in this way. */
async function failures(change: Change, leaseMs = 30_000): Promise<string[]> {
  const clock = new VirtualClock();
  const broker = new MemoryBroker();
  const cases = queueStoreConformance({
    create: () => tamperedStore(new MemoryStore({ broker, url: 'memory://', leaseMs }), change),
    clock,
    passTime: (ms) => clock.advance(ms),
    patienceMs: 50,
  });
  const failed: string[] = [];
  for (const { name, isSupported, run } of cases) {
    if (!isSupported) continue;
    await run().catch(() => failed.push(name));
  }
  return failed;
}

function withLease(change: (lease: LeaseRole) => Partial<LeaseRole>): Change {
  return ({ lease }) => (lease === undefined ? {} : { lease: { ...lease, ...change(lease) } });
}

const everyPop =
  (alter: (taken: readonly HeldMessage[]) => readonly HeldMessage[]): Change =>
  (sound) => ({ pop: async (request) => alter(await sound.pop(request)) });

const defects: Readonly<
  Record<string, { readonly change: Change; readonly leaseMs?: number; readonly noticedBy: RegExp }>
> = {
  'loses the last of many pushed messages': {
    change: (sound) => ({ push: (entries) => sound.push(entries.slice(0, Math.max(1, entries.length - 1))) }),
    noticedBy: /the oldest comes first/,
  },
  'pops more than it was asked for': {
    change: (sound) => ({ pop: (request) => sound.pop({ ...request, limit: request.limit + 1 }) }),
    noticedBy: /no more than asked for/,
  },
  'pops the youngest first': { change: everyPop((taken) => [...taken].reverse()), noticedBy: /the oldest comes first/ },
  'shows the same message to two who pop': {
    change: (sound) => ({
      async pop(request) {
        const taken = await sound.pop(request);
        await sound.push(taken.slice(0, 1).map((held) => ({ ...held, priority: 0 })));
        return taken;
      },
    }),
    noticedBy: /never take the same message|what is held is nobody else's/,
  },
  'takes no notice of the order of the queues': {
    change: (sound) => ({ pop: (request) => sound.pop({ ...request, queues: [...request.queues].sort() }) }),
    noticedBy: /most urgent|given order/,
  },
  'takes no notice of priorities': {
    change: (sound) => ({ push: (entries) => sound.push(entries.map((entry) => ({ ...entry, priority: 0 }))) }),
    noticedBy: /the most urgent come first/,
  },
  'holds what is popped without acknowledgements': {
    change: (sound) => ({ pop: (request) => sound.pop({ ...request, noAck: false }) }),
    noticedBy: /without acknowledgements/,
  },
  'does not hold what is popped': {
    change: (sound) => ({ pop: (request) => sound.pop({ ...request, noAck: true }) }),
    noticedBy: /counts what waits and what is held/,
  },
  'drops the route': {
    change: everyPop((taken) => taken.map((held) => ({ ...held, route: { exchange: '', routingKey: held.queue } }))),
    noticedBy: /as they went in/,
  },
  'never reports a lost tag': {
    change: (sound) => ({ settle: async (settlements) => (await sound.settle(settlements)).slice(0, 0) }),
    noticedBy: /is reported/,
  },
  'reports what it settled as lost': {
    change: (sound) => ({
      async settle(settlements) {
        await sound.settle(settlements);
        return settlements.map(({ tag }) => tag);
      },
    }),
    noticedBy: /an acknowledged message is gone/,
  },
  'forgets what is released': {
    change: (sound) => ({
      settle: (settlements) => sound.settle(settlements.map(({ tag }) => ({ kind: 'ack', tag }))),
    }),
    noticedBy: /each in its way/,
  },
  'releases everything to the back': {
    change: (sound) => ({
      settle: (settlements) =>
        sound.settle(
          settlements.map((settlement) =>
            settlement.kind === 'release' ? { ...settlement, position: 'back' } : settlement,
          ),
        ),
    }),
    noticedBy: /to the front/,
  },
  'charges every return': {
    change: (sound) => ({
      settle: (settlements) =>
        sound.settle(
          settlements.map((settlement) =>
            settlement.kind === 'release' ? { ...settlement, charged: true } : settlement,
          ),
        ),
    }),
    noticedBy: /an uncharged one does not/,
  },
  'returns parked messages at once': {
    change: (sound) => ({
      settle: (settlements) =>
        sound.settle(
          settlements.map((settlement) => (settlement.kind === 'park' ? { ...settlement, dueAt: 0 } : settlement)),
        ),
    }),
    noticedBy: /until it is due/,
  },
  'refuses a fraction of a millisecond': {
    change: (sound) => ({
      settle: (settlements) =>
        settlements.some((settlement) => settlement.kind === 'park' && !Number.isInteger(settlement.dueAt))
          ? Promise.reject(new TypeError('An integer, please.'))
          : sound.settle(settlements),
    }),
    noticedBy: /a fraction of a millisecond/,
  },
  'never wakes who waits': {
    change: () => ({ wait: () => new Promise(() => undefined) }),
    noticedBy: /is woken by a push/,
  },
  'rejects a wait that was given up': {
    change: (sound) => ({
      async wait(queues, signal) {
        await sound.wait(queues, signal);
        signal.throwIfAborted();
      },
    }),
    noticedBy: /waiting ends, without an error/,
  },
  'purges what is held': {
    change: (sound) => ({
      async purge(queue) {
        const count = await sound.purge(queue);
        await sound.dropQueue(queue);
        return count;
      },
    }),
    noticedBy: /purging deletes what waits and not what is held/,
  },
  'works on after it was closed': {
    change: () => ({ close: async () => undefined }),
    noticedBy: /a store that was closed rejects/,
  },
  'sweeps what is leased': {
    change: withLease(() => ({ durationMs: 30_000 })),
    leaseMs: 0,
    noticedBy: /a sweep leaves what is leased/,
  },
  'does not renew': {
    change: withLease(() => ({ renew: async () => undefined })),
    noticedBy: /renewing keeps everything/,
  },
  'never tells that a lease was lost': {
    change: withLease(() => ({ lost: async () => [] })),
    noticedBy: /their holder loses them/,
  },
  'saves a binding twice': {
    change: ({ topology }) => {
      if (topology === undefined) return {};
      const bindings = async (exchange: string): Promise<readonly BindingDeclaration[]> => {
        const found = await topology.bindings(exchange);
        return [...found, ...found];
      };
      return { topology: { ...topology, bindings } };
    },
    noticedBy: /a binding is one/,
  },
  'keeps the bindings of a deleted queue': {
    change: ({ topology }) =>
      topology === undefined ? {} : { topology: { ...topology, deleteQueue: async () => undefined } },
    noticedBy: /deleted with its bindings/,
  },
};

describe('the kit for queue stores', () => {
  test('a sound store passes', async () => {
    expect(await failures(() => ({}))).toEqual([]);
  });

  for (const [defect, { change, leaseMs, noticedBy }] of Object.entries(defects)) {
    test(`notices a store that ${defect}`, async () => {
      expect((await failures(change, leaseMs)).join('\n')).toMatch(noticedBy);
    });
  }
});
