import type { OpenStore } from './open-store.js';

/** How many messages one transaction deletes: a queue of a million does not lock the file, or block the event loop, for long. */
const deleteBatch = 2_000;

/** Deletes what waits and what is parked; resolves with the number. */
export async function purgeMessages({ database, messages }: OpenStore, queue: string): Promise<number> {
  for (let total = 0; ; ) {
    const count = await database.transaction(() => messages.purge(queue, deleteBatch));
    total += count;
    if (count === 0) return total;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Deletes all messages of the queue, held ones included. */
export async function dropMessages(store: OpenStore, queue: string): Promise<void> {
  await purgeMessages(store, queue);
  await store.database.transaction(() => store.messages.dropHeld(queue));
}
