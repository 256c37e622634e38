import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Runs client processes at the same time; resolves with the seconds from their start signal to the last one's end. */
export async function runClients(clients: number, tasksEach: number): Promise<number> {
  const children: ChildProcess[] = Array.from({ length: clients }, () =>
    fork(fileURLToPath(new URL('./client.js', import.meta.url)), [String(tasksEach)]),
  );
  await Promise.all(children.map((child) => once(child, 'message')));
  const startedAt = performance.now();
  const ends = children.map((child) => once(child, 'message'));
  for (const child of children) child.send('go');
  await Promise.all(ends);
  return (performance.now() - startedAt) / 1_000;
}
