import assert from 'node:assert/strict';
import { fullMessage, textsOf } from '../messages.js';
import { requireLease, requirePriority, type StoreCase } from './case.js';

export const pushingAndPoppingCases: readonly StoreCase[] = [
  {
    name: 'an empty queue gives nothing, at once',
    async run(scene) {
      const store = await scene.store();
      assert.deepEqual(await scene.eventually('the empty pop', scene.pop(store, scene.queue())), []);
    },
  },
  {
    name: 'messages come out as they went in',
    async run(scene) {
      const store = await scene.store();
      const queue = scene.queue();
      const message = fullMessage();
      const route = { exchange: 'some.exchange', routingKey: 'some.key' };
      const expiresAt = scene.clock.now() + 3_600_000;
      await store.push([{ queue, message, route, priority: 0, expiresAt }, scene.entry(queue, '')]);
      const [full, empty] = await scene.pop(store, queue);
      assert.deepEqual([...(full?.message.body ?? [])], [...message.body]);
      assert.deepEqual({ ...full?.message, body: undefined }, { ...message, body: undefined });
      assert.deepEqual(full?.route, route);
      assert.equal(full?.queue, queue);
      assert.equal(full?.redelivered, false);
      assert.equal(full?.expiresAt, expiresAt);
      assert.equal(empty?.message.body.byteLength, 0);
      assert.equal(empty?.expiresAt, undefined);
    },
  },
  {
    name: 'the oldest comes first, and no more than asked for',
    async run(scene) {
      const store = await scene.store();
      const queue = scene.queue();
      await scene.push(store, queue, '1', '2');
      await scene.push(store, queue, '3', '4', '5');
      assert.deepEqual(textsOf(await scene.pop(store, queue, 2)), ['1', '2']);
      assert.deepEqual(textsOf(await scene.pop(store, queue, 2)), ['3', '4']);
      assert.deepEqual(textsOf(await scene.pop(store, queue, 2)), ['5']);
      assert.deepEqual(await scene.pop(store, queue, 2), []);
    },
  },
  {
    name: 'queues are looked at in the given order, and only those',
    async run(scene) {
      const store = await scene.store();
      const [one, two, three] = [scene.queue(), scene.queue(), scene.queue()];
      await scene.push(store, three, '3');
      // Both ways round: by chance, or by name, one of them comes out right.
      for (const queues of [
        [one, two],
        [two, one],
      ]) {
        await store.push([scene.entry(one, one), scene.entry(two, two)]);
        const taken = await store.pop({ queues, limit: 10, noAck: false });
        assert.deepEqual(textsOf(taken), queues);
        assert.deepEqual(
          taken.map(({ queue }) => queue),
          queues,
        );
      }
      assert.deepEqual(textsOf(await scene.pop(store, three)), ['3']);
    },
  },
  {
    name: 'the most urgent come first over all queues [MS-097]',
    requires: requirePriority,
    async run(scene) {
      const store = await scene.store();
      const [one, two] = [scene.queue(), scene.queue()];
      await store.push([
        scene.entry(one, 'one-0', { priority: 0 }),
        scene.entry(two, 'two-9', { priority: 9 }),
        scene.entry(one, 'one-9', { priority: 9 }),
        scene.entry(two, 'two-0', { priority: 0 }),
      ]);
      const { supports } = store;
      const expected =
        supports.priority === 'high-first'
          ? ['one-9', 'two-9', 'one-0', 'two-0']
          : ['one-0', 'two-0', 'one-9', 'two-9'];
      assert.deepEqual(textsOf(await store.pop({ queues: [one, two], limit: 10, noAck: false })), expected);
    },
  },
  {
    name: "what is held is nobody else's, and tags are unique",
    async run(scene) {
      const [one, other] = [await scene.store(), await scene.store()];
      const queue = scene.queue();
      await scene.push(one, queue, 'a', 'b');
      const [first] = await scene.pop(one, queue, 1);
      const [second] = await scene.pop(other, queue, 10);
      assert.deepEqual(textsOf(first && second ? [first, second] : []), ['a', 'b']);
      assert.notEqual(first?.tag, second?.tag);
      assert.deepEqual(await scene.pop(one, queue), []);
    },
  },
  {
    name: 'stores that pop at the same time never take the same message [MS-155]',
    async run(scene) {
      const stores = [await scene.store(), await scene.store(), await scene.store()];
      const queue = scene.queue();
      const texts = Array.from({ length: 500 }, (_, index) => String(index));
      await scene.push(await scene.store(), queue, ...texts);
      const taken = await Promise.all(
        stores.map(async (store) => {
          const own: string[] = [];
          // A store that shows messages again and again must not keep the case going for ever.
          while (own.length <= texts.length) {
            const batch = await scene.pop(store, queue, 7);
            if (batch.length === 0) break;
            own.push(...textsOf(batch));
          }
          return own;
        }),
      );
      assert.deepEqual(
        taken.flat().sort((a, b) => Number(a) - Number(b)),
        texts,
      );
    },
  },
  {
    name: 'messages that were pushed at the same time are all there, each batch in its order',
    async run(scene) {
      const [one, other] = [await scene.store(), await scene.store()];
      const queue = scene.queue();
      const names = ['a', 'b', 'c', 'd'];
      const batch = (name: string): string[] => Array.from({ length: 100 }, (_, index) => `${name}${index}`);
      await Promise.all(names.map((name) => scene.push('ac'.includes(name) ? one : other, queue, ...batch(name))));
      const taken = textsOf(await scene.pop(await scene.store(), queue, 1_000));
      for (const name of names) {
        assert.deepEqual(
          taken.filter((text) => text.startsWith(name)),
          batch(name),
        );
      }
    },
  },
  {
    name: 'without acknowledgements a popped message is gone',
    async run(scene) {
      const [store, other] = [await scene.store(), await scene.store()];
      const queue = scene.queue();
      await scene.push(store, queue, 'a', 'b');
      assert.deepEqual(textsOf(await store.pop({ queues: [queue], limit: 1, noAck: true })), ['a']);
      assert.deepEqual(await other.size(queue), { waiting: 1, parked: 0, held: 0 });
      await store.close();
      assert.deepEqual(textsOf(await scene.pop(other, queue)), ['b']);
    },
  },
  {
    name: 'a queue counts what waits and what is held',
    async run(scene) {
      const [store, other] = [await scene.store(), await scene.store()];
      const queue = scene.queue();
      assert.deepEqual(await store.size(queue), { waiting: 0, parked: 0, held: 0 });
      await scene.push(store, queue, 'a', 'b', 'c');
      await scene.pop(store, queue, 1);
      assert.deepEqual(await store.size(queue), { waiting: 2, parked: 0, held: 1 });
      assert.equal((await other.size(queue)).waiting, 2);
    },
  },
  {
    name: 'a queue counts what others hold',
    // Without leases nobody may know of it.
    requires: requireLease,
    async run(scene) {
      const [store, other] = [await scene.store(), await scene.store()];
      const queue = scene.queue();
      await scene.push(store, queue, 'a', 'b');
      await scene.pop(store, queue, 1);
      assert.deepEqual(await other.size(queue), { waiting: 1, parked: 0, held: 1 });
    },
  },
  {
    name: 'purging deletes what waits and not what is held, and tells the number',
    async run(scene) {
      const store = await scene.store();
      const queue = scene.queue();
      await scene.push(store, queue, 'held', 'b', 'c');
      const held = await scene.popOne(store, queue);
      assert.equal(await store.purge(queue), 2);
      assert.equal(await store.purge(queue), 0);
      assert.deepEqual(await store.settle([{ kind: 'release', tag: held.tag, position: 'back', charged: false }]), []);
      assert.deepEqual(textsOf(await scene.pop(store, queue)), ['held']);
    },
  },
  {
    name: 'dropping a queue deletes everything in it, held messages too, and nothing of other queues',
    async run(scene) {
      const store = await scene.store();
      const [queue, neighbour] = [scene.queue(), scene.queue()];
      await store.push([scene.entry(queue, 'a'), scene.entry(queue, 'b'), scene.entry(neighbour, 'c')]);
      const held = await scene.popOne(store, queue);
      await store.dropQueue(queue);
      await store.dropQueue(queue);
      assert.deepEqual(await store.size(queue), { waiting: 0, parked: 0, held: 0 });
      assert.deepEqual(await store.settle([{ kind: 'release', tag: held.tag, position: 'back', charged: false }]), [
        held.tag,
      ]);
      assert.deepEqual(await scene.pop(store, queue), []);
      assert.deepEqual(textsOf(await scene.pop(store, neighbour)), ['c']);
    },
  },
  {
    name: 'names of queues are taken literally',
    async run(scene) {
      const store = await scene.store();
      const names = [
        `${scene.queue()} with 'quotes" and %_*?[x]`,
        `${scene.queue()}/ünïcode.✓`,
        `${scene.queue()}\u0006\u00163`,
      ];
      for (const name of names) await scene.push(store, name, name);
      for (const name of names) {
        assert.deepEqual(textsOf(await store.pop({ queues: [name], limit: 10, noAck: true })), [name]);
        await store.dropQueue(name);
      }
    },
  },
  {
    name: 'a store that was closed rejects, and closing it again does nothing',
    async run(scene) {
      const store = await scene.store();
      const queue = scene.queue();
      await store.close();
      await store.close();
      await assert.rejects(scene.push(store, queue, 'a'));
      await assert.rejects(scene.pop(store, queue));
      await assert.rejects(store.settle([{ kind: 'ack', tag: 'x' }]));
    },
  },
];
