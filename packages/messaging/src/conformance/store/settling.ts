import assert from 'node:assert/strict';
import type { Settlement } from '../../store/queue-store.js';
import { textsOf } from '../messages.js';
import type { StoreCase } from './case.js';

const release = (tag: string, position: 'front' | 'back', charged = true): Settlement => ({
  kind: 'release',
  tag,
  position,
  charged,
});

export const storeSettlingCases: readonly StoreCase[] = [
  {
    name: 'an acknowledged message is gone',
    async run(scene) {
      const [store, other] = [await scene.store(), await scene.store()];
      const queue = scene.queue();
      await scene.push(store, queue, 'a');
      const { tag } = await scene.popOne(store, queue);
      assert.deepEqual(await store.settle([{ kind: 'ack', tag }]), []);
      assert.deepEqual(await other.size(queue), { waiting: 0, parked: 0, held: 0 });
    },
  },
  {
    name: 'many are settled in one call, each in its way',
    async run(scene) {
      const store = await scene.store();
      const queue = scene.queue();
      await scene.push(store, queue, '1', '2', '3', '4');
      const [one, two, three] = (await scene.pop(store, queue, 3)).map(({ tag }) => tag) as [string, string, string];
      await store.settle([{ kind: 'ack', tag: one }, release(two, 'back'), release(three, 'front')]);
      assert.deepEqual(textsOf(await scene.pop(store, queue)), ['3', '4', '2']);
    },
  },
  {
    name: 'settling what is not held has no effect and is reported; the rest is settled',
    async run(scene) {
      const store = await scene.store();
      const queue = scene.queue();
      await scene.push(store, queue, 'a', 'b');
      const [a, b] = (await scene.pop(store, queue)).map(({ tag }) => tag) as [string, string];
      assert.deepEqual(await store.settle([{ kind: 'ack', tag: a }]), []);
      const lost = await store.settle([
        release(a, 'front'),
        { kind: 'ack', tag: b },
        { kind: 'ack', tag: 'nobody-has-this' },
      ]);
      assert.deepEqual([...lost].sort(), [a, 'nobody-has-this'].sort());
      assert.deepEqual(await store.size(queue), { waiting: 0, parked: 0, held: 0 });
    },
  },
  {
    name: 'nobody settles what another holds',
    async run(scene) {
      const [store, other] = [await scene.store(), await scene.store()];
      const queue = scene.queue();
      await scene.push(store, queue, 'a');
      const { tag } = await scene.popOne(store, queue);
      assert.deepEqual(await other.settle([{ kind: 'ack', tag }]), [tag]);
      assert.deepEqual(await store.size(queue), { waiting: 0, parked: 0, held: 1 });
      assert.deepEqual(await store.settle([{ kind: 'ack', tag }]), []);
    },
  },
  {
    name: 'a late settlement never touches the next delivery of the message',
    async run(scene) {
      const store = await scene.store();
      const queue = scene.queue();
      await scene.push(store, queue, 'a');
      const first = await scene.popOne(store, queue);
      await store.settle([release(first.tag, 'back')]);
      const second = await scene.popOne(store, queue);
      assert.notEqual(second.tag, first.tag);
      assert.deepEqual(await store.settle([{ kind: 'ack', tag: first.tag }]), [first.tag]);
      assert.deepEqual(await store.settle([{ kind: 'ack', tag: second.tag }]), []);
    },
  },
  {
    name: 'released to the back it goes behind what waits, to the front before it',
    async run(scene) {
      const store = await scene.store();
      const queue = scene.queue();
      await scene.push(store, queue, '1', '2', '3');
      const [one, two] = (await scene.pop(store, queue, 2)).map(({ tag }) => tag) as [string, string];
      await store.settle([release(two, 'front')]);
      await store.settle([release(one, 'back')]);
      assert.deepEqual(textsOf(await scene.pop(store, queue)), ['2', '3', '1']);
    },
  },
  {
    name: 'several that are given back to the front, the youngest first, keep their order [MS-092]',
    async run(scene) {
      const store = await scene.store();
      const queue = scene.queue();
      await scene.push(store, queue, '1', '2', '3', '4');
      const held = await scene.pop(store, queue, 3);
      await store.settle([...held].reverse().map(({ tag }) => release(tag, 'front', false)));
      assert.deepEqual(textsOf(await scene.pop(store, queue)), ['1', '2', '3', '4']);
    },
  },
  {
    name: 'a charged return shows, an uncharged one does not',
    async run(scene) {
      const store = await scene.store();
      const queue = scene.queue();
      await scene.push(store, queue, 'a');
      const first = await scene.popOne(store, queue);
      assert.equal(first.redelivered, false);
      await store.settle([release(first.tag, 'back', false)]);
      const second = await scene.popOne(store, queue);
      assert.equal(second.redelivered, false);
      assert.equal(second.deliveryCount, first.deliveryCount);
      await store.settle([release(second.tag, 'back', true)]);
      const third = await scene.popOne(store, queue);
      assert.equal(third.redelivered, true);
      if (first.deliveryCount !== undefined) assert.equal(third.deliveryCount, first.deliveryCount + 1);
      await store.settle([release(third.tag, 'back', false)]);
      const fourth = await scene.popOne(store, queue);
      assert.equal(fourth.redelivered, true);
      assert.equal(fourth.deliveryCount, third.deliveryCount);
    },
  },
  {
    name: 'a returned message keeps its content, route, priority and time to live',
    async run(scene) {
      const store = await scene.store();
      const queue = scene.queue();
      const route = { exchange: 'x', routingKey: 'y' };
      const expiresAt = scene.clock.now() + 3_600_000;
      await store.push([
        scene.entry(queue, 'urgent', { route, expiresAt, priority: 9 }),
        scene.entry(queue, 'usual', { priority: 0 }),
      ]);
      const before = await scene.pop(store, queue);
      await store.settle(before.map(({ tag }) => release(tag, 'back')));
      const after = await scene.pop(store, queue);
      assert.deepEqual(textsOf(after), textsOf(before));
      const returned = after.find((held) => held.expiresAt !== undefined);
      assert.deepEqual(returned?.route, route);
      assert.equal(returned?.expiresAt, expiresAt);
    },
  },
];
