import { setTimeout as sleep } from 'node:timers/promises';
import { Ctq, EventDispatcher } from '@ctq/core';
import { disabledBackend } from '@ctq/core/backend';
import { Deadline, silentLogger } from '@ctq/runtime';
import type { Figure } from '../measure.js';
import { Listener } from './listener.js';
import type { Watched } from './watch-crowd.js';

const watching = new URL('../../dist/events/watch-crowd.js', import.meta.url);

/** The cluster that is made up: so many workers, so many tasks of them together. */
const crowd = { workers: 200, tasksPerSecond: 2_000, heartbeatEveryMs: 2_000 };
const tickMs = 20;
/** Events that have not come by then were lost. */
const patienceMs = 10_000;

const status = { freq: 2, active: 4, processed: 1, loadavg: [1, 1, 1], sw_ident: 'ctq', sw_ver: '0', sw_sys: 'Linux' };

/** How far behind a monitor is that watches 200 workers, each with a dispatcher of its own, whose tasks and heartbeats come at their pace. */
export async function crowdFigures(url: string, seconds: number): Promise<readonly Figure[]> {
  await using watcher = await Listener.start<Watched>(watching, url);
  const sent = await send(url, seconds);
  let seen = await watcher.ask();
  const until = performance.now() + patienceMs;
  while (seen.events < sent && performance.now() < until) {
    await sleep(100);
    seen = await watcher.ask();
  }
  const name = `${crowd.workers} workers, ${Math.round(sent / seconds)} events/s:`;
  return [
    { name: `${name} heard`, value: (seen.events / sent) * 100, unit: '%' },
    { name: `${name} behind by, p50`, value: seen.lagP50, unit: 'ms' },
    { name: `${name} behind by, p99`, value: seen.lagP99, unit: 'ms' },
    { name: `${name} heap of the monitor`, value: seen.heapMiB, unit: 'MiB' },
    { name: `${name} workers and tasks that it knows`, value: seen.workers + seen.tasks, unit: '' },
  ];
}

/** Resolves with the number of events. */
async function send(url: string, seconds: number): Promise<number> {
  await using app = new Ctq('bench-crowd', { broker: url, backend: disabledBackend() });
  const connection = await app.connect('publish');
  const dispatchers = Array.from(
    { length: crowd.workers },
    (_, n) =>
      new EventDispatcher({
        ...{ kernel: app.kernel, hostname: `worker${n}@host`, logger: silentLogger },
        connect: () => Promise.resolve(connection),
      }),
  );
  let count = 0;
  const tell = (worker: number, type: string, fields: Readonly<Record<string, unknown>>): void => {
    dispatchers[worker % crowd.workers]?.send(type, fields);
    count += 1;
  };
  const ticks = (seconds * 1_000) / tickMs;
  const startedAt = performance.now();
  for (let tick = 0; tick < ticks; tick += 1) {
    // Each worker in its turn.
    const beats = (crowd.workers * tickMs) / crowd.heartbeatEveryMs;
    for (let n = 0; n < beats; n += 1) tell(tick * beats + n, 'worker-heartbeat', status);
    for (let n = 0; n < (crowd.tasksPerSecond * tickMs) / 1_000; n += 1) {
      const uuid = crypto.randomUUID();
      const worker = tick + n;
      const call = { name: `shop.task${n}`, args: `(${n}, 1)`, kwargs: '{}', root_id: uuid, parent_id: null };
      tell(worker, 'task-received', { uuid, ...call, retries: 0, eta: null, expires: null });
      tell(worker, 'task-started', { uuid });
      tell(worker, 'task-succeeded', { uuid, result: `${n + 1}`, runtime: 0.001 });
    }
    await sleep(Math.max(0, startedAt + (tick + 1) * tickMs - performance.now()));
  }
  await Promise.all(dispatchers.map((dispatcher) => dispatcher.close(Deadline.after(patienceMs))));
  return count;
}
