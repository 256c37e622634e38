import assert from 'node:assert/strict';
import { textsOf } from '../messages.js';
import { requireDelay, type StoreCase } from './case.js';

const hourMs = 3_600_000;

export const parkingCases: readonly StoreCase[] = [
  {
    name: 'a parked message is neither waiting nor held until it is due, and is purged with the queue',
    requires: requireDelay,
    async run(scene) {
      const store = await scene.store();
      const queue = scene.queue();
      await scene.push(store, queue, 'a');
      const { tag } = await scene.popOne(store, queue);
      assert.deepEqual(await store.settle([{ kind: 'park', tag, dueAt: scene.clock.now() + hourMs }]), []);
      assert.deepEqual(await store.size(queue), { waiting: 0, parked: 1, held: 0 });
      assert.deepEqual(await scene.pop(store, queue), []);
      assert.deepEqual(await store.settle([{ kind: 'ack', tag }]), [tag]);
      assert.equal(await store.purge(queue), 1);
      assert.deepEqual(await store.size(queue), { waiting: 0, parked: 0, held: 0 });
    },
  },
  {
    name: 'when it is due it comes before what waits, uncharged',
    requires: requireDelay,
    async run(scene) {
      const [store, other] = [await scene.store(), await scene.store()];
      const queue = scene.queue();
      await scene.push(store, queue, 'later', 'soon');
      const [later, soon] = (await scene.pop(store, queue)).map(({ tag }) => tag) as [string, string];
      const now = scene.clock.now();
      await store.settle([
        { kind: 'park', tag: later, dueAt: now + 120 },
        { kind: 'park', tag: soon, dueAt: now + 60 },
      ]);
      await scene.push(store, queue, 'waits');
      await scene.passTime(150);
      const taken = await scene.pop(other, queue);
      assert.deepEqual(textsOf(taken), ['soon', 'later', 'waits']);
      assert.equal(taken[0]?.redelivered, false);
      assert.equal(taken[0]?.deliveryCount, taken[2]?.deliveryCount);
    },
  },
  {
    name: 'parked until a moment that has passed it waits at once',
    requires: requireDelay,
    async run(scene) {
      const store = await scene.store();
      const queue = scene.queue();
      await scene.push(store, queue, 'a');
      const { tag } = await scene.popOne(store, queue);
      await store.settle([{ kind: 'park', tag, dueAt: scene.clock.now() - 1_000 }]);
      assert.deepEqual(textsOf(await scene.pop(store, queue)), ['a']);
    },
  },
  {
    name: 'parked until a fraction of a millisecond it comes when that has passed',
    requires: requireDelay,
    async run(scene) {
      const store = await scene.store();
      const queue = scene.queue();
      await scene.push(store, queue, 'a');
      const { tag } = await scene.popOne(store, queue);
      const dueAt = scene.clock.now() + 60.5;
      assert.deepEqual(await store.settle([{ kind: 'park', tag, dueAt }]), []);
      const early = await scene.pop(store, queue);
      // To the millisecond, which is as much as clocks of two processes say.
      assert.ok(early.length === 0 || scene.clock.now() >= Math.floor(dueAt), 'it came before it was due');
      await scene.passTime(100);
      assert.deepEqual(textsOf([...early, ...(await scene.pop(store, queue))]), ['a']);
    },
  },
  {
    name: 'whoever waits for a queue learns that a parked message fell due',
    requires: requireDelay,
    async run(scene) {
      const [store, other] = [await scene.store(), await scene.store()];
      const queue = scene.queue();
      await scene.push(store, queue, 'a');
      const { tag } = await scene.popOne(store, queue);
      await store.settle([{ kind: 'park', tag, dueAt: scene.clock.now() + 800 }]);
      const hint = other.wait([queue], new AbortController().signal);
      assert.deepEqual(await scene.pop(other, queue), []);
      await scene.passTime(820);
      await scene.eventually('the hint', hint);
      assert.deepEqual(textsOf(await scene.pop(other, queue)), ['a']);
    },
  },
];
