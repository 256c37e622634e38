import type { TopologyRole } from '../store/queue-store.js';
import type { MemoryBroker } from './memory-broker.js';

/** A broker's topology, with the expiry of unused queues on one store's clock. */
export function memoryTopology(broker: MemoryBroker, now: () => number): TopologyRole {
  const { topology: shared, usedAt } = broker;
  const touch = (names: readonly string[]): void => {
    for (const name of names) usedAt.set(name, now());
  };
  const drop = async (name: string): Promise<void> => {
    usedAt.delete(name);
    broker.drop(name);
    await shared.deleteQueue(name);
  };
  return {
    saveExchange: (exchange) => shared.saveExchange(exchange),
    findExchange: (name) => shared.findExchange(name),
    deleteExchange: (name) => shared.deleteExchange(name),
    saveBinding: (binding) => shared.saveBinding(binding),
    deleteBinding: (binding) => shared.deleteBinding(binding),
    bindings: (exchange) => shared.bindings(exchange),
    findQueue: (name) => shared.findQueue(name),
    async saveQueue(queue) {
      touch([queue.name]);
      await shared.saveQueue(queue);
    },
    async deleteQueue(name) {
      usedAt.delete(name);
      await shared.deleteQueue(name);
    },
    async touchQueues(names) {
      touch(names);
    },
    async dropUnusedQueues() {
      const unused: string[] = [];
      for (const { name, arguments: given } of shared.queues) {
        const expiresMs = given?.['x-expires'];
        if (typeof expiresMs === 'number' && now() - (usedAt.get(name) ?? 0) >= expiresMs) unused.push(name);
      }
      for (const name of unused) await drop(name);
      return unused;
    },
  };
}
