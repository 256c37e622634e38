import assert from 'node:assert/strict';
import type { QueueStore, TopologyRole } from '../../store/queue-store.js';
import { requireTopology, type StoreCase } from './case.js';

function topologyOf(store: QueueStore): TopologyRole {
  assert.ok(store.topology !== undefined);
  return store.topology;
}

export const sharingTopologyCases: readonly StoreCase[] = [
  {
    name: 'an exchange that one store saves is found by another, until it is deleted',
    requires: requireTopology,
    async run(scene) {
      const [one, other] = [topologyOf(await scene.store()), topologyOf(await scene.store())];
      const name = scene.name('exchange');
      const exchange = { name, type: 'topic', durable: true, autoDelete: false, arguments: { 'x-a': 1 } } as const;
      assert.equal(await other.findExchange(name), undefined);
      await one.saveExchange(exchange);
      await one.saveExchange(exchange);
      assert.deepEqual(await other.findExchange(name), exchange);
      await one.saveBinding({ exchange: name, queue: scene.name('queue'), routingKey: 'k' });
      await other.deleteExchange(name);
      await other.deleteExchange(name);
      assert.equal(await one.findExchange(name), undefined);
      assert.deepEqual(await one.bindings(name), []);
    },
  },
  {
    name: 'a queue that one store saves is found by another, until it is deleted with its bindings',
    requires: requireTopology,
    async run(scene) {
      const [one, other] = [topologyOf(await scene.store()), topologyOf(await scene.store())];
      const [exchange, name, neighbour] = [scene.name('exchange'), scene.queue(), scene.queue()];
      const queue = { name, durable: true, exclusive: false, autoDelete: false, arguments: { 'x-message-ttl': 5_000 } };
      await one.saveQueue(queue);
      assert.deepEqual(await other.findQueue(name), queue);
      await one.saveBinding({ exchange, queue: name, routingKey: 'k' });
      await one.saveBinding({ exchange, queue: neighbour, routingKey: 'k' });
      await other.deleteQueue(name);
      await other.deleteQueue(name);
      assert.equal(await one.findQueue(name), undefined);
      assert.deepEqual(
        (await one.bindings(exchange)).map((binding) => binding.queue),
        [neighbour],
      );
      await one.deleteExchange(exchange);
    },
  },
  {
    name: 'a binding is one however often it is saved, and is gone when it is deleted',
    requires: requireTopology,
    async run(scene) {
      const [one, other] = [topologyOf(await scene.store()), topologyOf(await scene.store())];
      const [exchange, queue] = [scene.name('exchange'), scene.queue()];
      for (const routingKey of ['a', 'b', 'a']) await one.saveBinding({ exchange, queue, routingKey });
      const keys = async (): Promise<string[]> =>
        (await other.bindings(exchange)).map(({ routingKey }) => routingKey).sort();
      assert.deepEqual(await keys(), ['a', 'b']);
      await other.deleteBinding({ exchange, queue, routingKey: 'a' });
      await other.deleteBinding({ exchange, queue, routingKey: 'a' });
      assert.deepEqual(await keys(), ['b']);
      await one.deleteExchange(exchange);
    },
  },
  {
    name: 'a queue with an x-expires goes, with its messages and bindings, when nobody used it for so long',
    requires: { what: 'topology.dropUnusedQueues', isMet: ({ topology }) => topology?.dropUnusedQueues !== undefined },
    async run(scene) {
      const [store, other] = [await scene.store(), await scene.store()];
      const topology = topologyOf(store);
      const exchange = scene.name('exchange');
      const names = { used: scene.queue(), unused: scene.queue(), lasting: scene.queue() };
      const plain = { durable: false, exclusive: false, autoDelete: false };
      // Longer than a busy machine may be held up between two commands.
      const expiresMs = 2_000;
      for (const name of [names.used, names.unused]) {
        await topology.saveQueue({ ...plain, name, arguments: { 'x-expires': expiresMs } });
        await topology.saveBinding({ exchange, queue: name, routingKey: '' });
        await scene.push(store, name, 'a');
      }
      await topology.saveQueue({ ...plain, name: names.lasting });
      let dropped: readonly string[] = [];
      for (let passed = 0; !dropped.includes(names.unused); passed += 100) {
        assert.ok(passed <= 2 * expiresMs, 'it did not go');
        await scene.passTime(100);
        await topology.touchQueues?.([names.used]);
        dropped = [...dropped, ...((await topologyOf(other).dropUnusedQueues?.()) ?? [])];
      }
      assert.ok(!dropped.includes(names.used));
      assert.ok(!dropped.includes(names.lasting));
      assert.equal(await topology.findQueue(names.unused), undefined);
      assert.equal((await store.size(names.unused)).waiting, 0);
      assert.equal((await store.size(names.used)).waiting, 1);
      assert.deepEqual(
        (await topology.bindings(exchange)).map(({ queue }) => queue),
        [names.used],
      );
      await topology.deleteExchange(exchange);
    },
  },
];
