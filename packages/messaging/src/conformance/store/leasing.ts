import assert from 'node:assert/strict';
import type { LeaseRole, QueueStore } from '../../store/queue-store.js';
import { textsOf } from '../messages.js';
import { requireLease, type StoreCase } from './case.js';

function leaseOf(store: QueueStore): LeaseRole {
  assert.ok(store.lease !== undefined);
  return store.lease;
}

export const leasingCases: readonly StoreCase[] = [
  {
    name: 'a sweep leaves what is leased',
    requires: requireLease,
    async run(scene) {
      const [store, other] = [await scene.store(), await scene.store()];
      const queue = scene.queue();
      await scene.push(store, queue, 'a');
      const { tag } = await scene.popOne(store, queue);
      await leaseOf(other).sweep();
      assert.deepEqual(await store.size(queue), { waiting: 0, parked: 0, held: 1 });
      assert.deepEqual(await leaseOf(store).lost([tag]), []);
      assert.deepEqual(await store.settle([{ kind: 'ack', tag }]), []);
    },
  },
  {
    name: 'messages of an expired lease go back to the front of their queue, charged, in their order; their holder loses them',
    requires: requireLease,
    async run(scene) {
      const [store, other] = [await scene.store(), await scene.store()];
      const queue = scene.queue();
      await scene.push(store, queue, '1', '2', '3');
      const held = await scene.pop(store, queue, 2);
      await scene.passTime(leaseOf(store).durationMs * 1.2);
      assert.ok((await leaseOf(other).sweep()) >= 2);
      const taken = await scene.pop(other, queue);
      assert.deepEqual(textsOf(taken), ['1', '2', '3']);
      assert.deepEqual(
        taken.map(({ redelivered }) => redelivered),
        [true, true, false],
      );
      const tags = held.map(({ tag }) => tag);
      assert.deepEqual([...(await leaseOf(store).lost(tags))].sort(), [...tags].sort());
      assert.deepEqual(
        [...(await store.settle(tags.map((tag) => ({ kind: 'ack', tag }) as const)))].sort(),
        [...tags].sort(),
      );
      assert.deepEqual(await other.settle(taken.map(({ tag }) => ({ kind: 'ack', tag }) as const)), []);
    },
  },
  {
    name: 'a pop does not take from an expired lease: only a sweep does',
    requires: requireLease,
    async run(scene) {
      const [store, other] = [await scene.store(), await scene.store()];
      const queue = scene.queue();
      await scene.push(store, queue, 'a');
      const { tag } = await scene.popOne(store, queue);
      await scene.passTime(leaseOf(store).durationMs * 1.2);
      assert.deepEqual(await scene.pop(other, queue), []);
      assert.deepEqual(await leaseOf(store).lost([tag]), []);
      assert.deepEqual(await store.settle([{ kind: 'ack', tag }]), []);
    },
  },
  {
    name: 'renewing keeps everything that the holder holds, for as long as it goes on',
    requires: requireLease,
    async run(scene) {
      const [store, other] = [await scene.store(), await scene.store()];
      const [queue, second] = [scene.queue(), scene.queue()];
      await scene.push(store, queue, 'a');
      await scene.push(store, second, 'b');
      const held = [await scene.popOne(store, queue), await scene.popOne(store, second)];
      for (let round = 0; round < 4; round += 1) {
        await scene.passTime(leaseOf(store).durationMs * 0.4);
        await leaseOf(store).renew();
        await leaseOf(other).sweep();
      }
      const tags = held.map(({ tag }) => tag);
      assert.deepEqual(await leaseOf(store).lost(tags), []);
      assert.deepEqual(await store.settle(tags.map((tag) => ({ kind: 'ack', tag }) as const)), []);
    },
  },
  {
    name: 'what is popped after an expiry is leased anew',
    requires: requireLease,
    async run(scene) {
      const [store, other] = [await scene.store(), await scene.store()];
      const queue = scene.queue();
      await scene.push(store, queue, 'a', 'b');
      await scene.pop(store, queue, 1);
      await scene.passTime(leaseOf(store).durationMs * 1.2);
      await leaseOf(other).sweep();
      const [a, b] = await scene.pop(store, queue);
      await leaseOf(other).sweep();
      assert.deepEqual(textsOf(a && b ? [a, b] : []), ['a', 'b']);
      assert.deepEqual(await leaseOf(store).lost([a?.tag ?? '', b?.tag ?? '']), []);
    },
  },
  {
    name: 'whoever waits learns of messages that a sweep returned',
    requires: requireLease,
    async run(scene) {
      const [store, other] = [await scene.store(), await scene.store()];
      const queue = scene.queue();
      await scene.push(store, queue, 'a');
      await scene.popOne(store, queue);
      const hint = other.wait([queue], new AbortController().signal);
      await scene.passTime(leaseOf(store).durationMs * 1.2);
      await leaseOf(await scene.store()).sweep();
      await scene.eventually('the hint', hint);
      assert.deepEqual(textsOf(await scene.pop(other, queue)), ['a']);
    },
  },
];
