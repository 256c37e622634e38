import { describe, expect, test } from 'vitest';
import { memoryTransport } from '../memory/memory-transport.js';
import type { Channel } from '../transport/channel.js';
import type { Delivery } from '../transport/delivery.js';
import type { Transport } from '../transport/transport.js';
import { transportConformance } from './transport-conformance.js';

/** A memory transport whose channels are changed. */
function tampered(change: (sound: Channel) => Partial<Channel>): Transport {
  const sound = memoryTransport();
  return {
    ...sound,
    async connect(context, signal) {
      const connection = await sound.connect(context, signal);
      return {
        closed: connection.closed,
        close: () => connection.close(),
        openChannel: async () => overlay(await connection.openChannel(), change),
      };
    },
  };
}

function overlay(sound: Channel, change: (sound: Channel) => Partial<Channel>): Channel {
  const changes = change(sound);
  return new Proxy(sound, {
    get(target, key) {
      if (key in changes) return Reflect.get(changes, key);
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

function changedDelivery(delivery: Delivery, changes: Partial<Delivery>): Delivery {
  return new Proxy(delivery, {
    get(target, key) {
      if (key in changes) return Reflect.get(changes, key);
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

async function failures(transport: Transport, patienceMs = 100): Promise<string[]> {
  const failed: string[] = [];
  for (const { name, isSupported, run } of transportConformance({ create: () => transport, patienceMs })) {
    // The storm and the mailboxes are a slow way to notice what these defects show elsewhere.
    if (!isSupported || name.startsWith('of 5000') || name.includes('mailbox')) continue;
    await run().catch(() => failed.push(name));
  }
  return failed;
}

const defects: Readonly<
  Record<string, { readonly change: (sound: Channel) => Partial<Channel>; readonly noticedBy: RegExp }>
> = {
  'loses what is published to a named exchange': {
    change: (sound) => ({
      publish: (message, route, options) =>
        route.exchange === '' ? sound.publish(message, route, options) : Promise.resolve(),
    }),
    noticedBy: /direct exchange delivers by equal routing key/,
  },
  'takes no notice of the prefetch': {
    change: () => ({ setPrefetch: async () => undefined }),
    noticedBy: /prefetch allows/,
  },
  'takes no notice of mandatory': {
    change: (sound) => ({ publish: (message, route) => sound.publish(message, route) }),
    noticedBy: /a mandatory message that no queue takes is refused/,
  },
  'delivers after the cancel': {
    change: (sound) => ({
      async consume(queue, options, onDelivery) {
        const { cancel: _, ...subscription } = await sound.consume(queue, options, onDelivery);
        return { ...subscription, cancel: async () => undefined };
      },
    }),
    noticedBy: /a cancelled consumer is given nothing more/,
  },
  'acknowledges what is requeued': {
    change: (sound) => ({
      consume: (queue, options, onDelivery) =>
        sound.consume(queue, options, (delivery) =>
          onDelivery(changedDelivery(delivery, { reject: () => delivery.ack() })),
        ),
    }),
    noticedBy: /a requeued message comes again/,
  },
  'creates what is declared passively': {
    change: (sound) => ({ declareQueue: ({ passive: _, ...queue }) => sound.declareQueue(queue) }),
    noticedBy: /a passive declaration of what does not exist/,
  },
  'keeps what is purged': { change: () => ({ purgeQueue: async () => 0 }), noticedBy: /purging deletes what waits/ },
  'leaves a closed channel open': {
    change: () => ({ close: async () => undefined }),
    noticedBy: /gives back what is unsettled/,
  },
};

describe('the kit for transports', () => {
  test('a sound transport passes', async () => {
    expect(
      await failures(
        tampered(() => ({})),
        5_000,
      ),
    ).toEqual([]);
  });

  for (const [defect, { change, noticedBy }] of Object.entries(defects)) {
    test(`notices a transport that ${defect}`, async () => {
      expect((await failures(tampered(change))).join('\n')).toMatch(noticedBy);
    });
  }

  test('skips by the manifest only', () => {
    const { supports, ...transport } = memoryTransport();
    const modest = {
      ...transport,
      supports: { ...supports, delay: false, mandatory: 'none', priority: 'none' },
    } as const;
    const skipped = transportConformance({ create: () => modest }).filter(({ isSupported }) => !isSupported);
    expect(new Set(skipped.map(({ requires }) => requires))).toEqual(new Set(['delay', 'mandatory', 'priority']));
  });

  test('every case has a name of its own', () => {
    const names = transportConformance({ create: () => memoryTransport() }).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });
});
