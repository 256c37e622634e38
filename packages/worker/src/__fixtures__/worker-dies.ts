import { randomUUID } from 'node:crypto';
import type { MarkedRun } from '@ctq/core';
import type { Delivery } from '@ctq/messaging';
import type { WorkerScene } from './worker-scene.js';

/** The mark of a run of a worker that is dead. */
export function markOf(isAlone: boolean): MarkedRun {
  return { run: randomUUID(), worker: 'dead@host', startedAt: 1, isAlone };
}

/** What a worker leaves that dies with all messages of a queue in its hands: they are delivered again, and marked where it says so. */
export async function workerDies(
  scene: WorkerScene,
  marks: (id: string) => 'alone' | 'beside others' | 'not begun',
  queue: string = 'celery',
): Promise<void> {
  await using connection = await scene.app.connect();
  const channel = await connection.openChannel();
  const held: Delivery[] = [];
  for (let next = await channel.get(queue); next !== undefined; next = await channel.get(queue)) held.push(next);
  for (const delivery of held.reverse()) {
    const { crashes } = scene.app.kernel;
    const id = String(delivery.message.headers['id']);
    const how = marks(id);
    if (how !== 'not begun') {
      const { record, version } = await crashes.find(id);
      const before = record.running === undefined ? [] : [{ ...record.running, noticedAt: 2 }];
      await crashes.put(id, version, {
        crashes: [...record.crashes, ...before],
        running: markOf(how === 'alone'),
      });
    }
    await delivery.reject({ requeue: true, position: 'front' });
  }
  await channel.close();
}
