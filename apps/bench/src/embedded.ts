import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runClients } from './clients.js';
import { ctqWorker } from './ctq-worker.js';
import { type Figure, percentile } from './measure.js';
import type { WorkerProcess } from './worker-process.js';

const tasks = fileURLToPath(new URL('./tasks.js', import.meta.url));

/** The embedded default: client and worker processes that share one SQLite file. */
export async function embedded(): Promise<readonly Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'ctq-bench-'));
  process.env['CTQ_BROKER_URL'] = `sqlite://${join(folder, 'bench.sqlite')}`;
  process.env['CTQ_RESULT_BACKEND'] = process.env['CTQ_BROKER_URL'];
  const startedAt = performance.now();
  const worker = ctqWorker(tasks, ['-l', 'info', '-c', '100']);
  try {
    await worker.saysReady();
    const readyAfterSeconds = (performance.now() - startedAt) / 1_000;
    const idle = await idleCpu(worker);
    const residentIdle = worker.usage().residentMiB;
    await runClients(1, 2_000);
    const one = 10_000 / (await runClients(1, 10_000));
    const four = 20_000 / (await runClients(4, 5_000));
    const trips = await roundTrips(1_000);
    const before = worker.usage().residentMiB;
    await runClients(2, 50_000);
    const after = worker.usage().residentMiB;
    return [
      {
        name: 'SQLite, 1 client, publish + run + store + read',
        value: one,
        unit: 'tasks/s',
        expected: { atLeast: 5_000 },
      },
      {
        name: 'SQLite, 4 clients, publish + run + store + read',
        value: four,
        unit: 'tasks/s',
        expected: { atLeast: 5_000 },
      },
      { name: 'SQLite, round trip p50', value: percentile(trips, 50), unit: 'ms' },
      { name: 'SQLite, round trip p99', value: percentile(trips, 99), unit: 'ms' },
      { name: 'worker start-up to ready', value: readyAfterSeconds, unit: 's', expected: { atMost: 1 } },
      { name: 'worker idle CPU', value: idle, unit: '%', expected: { atMost: 1 } },
      { name: 'worker RSS, idle', value: residentIdle, unit: 'MiB' },
      { name: 'worker RSS, growth over 100,000 tasks', value: after - before, unit: 'MiB', expected: { atMost: 20 } },
    ];
  } finally {
    await worker.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function idleCpu(worker: WorkerProcess): Promise<number> {
  const seconds = 5;
  await new Promise((resume) => setTimeout(resume, 1_000));
  const before = worker.usage().cpuSeconds;
  await new Promise((resume) => setTimeout(resume, seconds * 1_000));
  return ((worker.usage().cpuSeconds - before) / seconds) * 100;
}

async function roundTrips(count: number): Promise<number[]> {
  const { Ctq } = await import('@ctq/core');
  await using app = new Ctq('bench-client');
  const trips: number[] = [];
  for (let n = 0; n < count; n += 1) {
    const sentAt = performance.now();
    await (await app.sendTask('bench.add', [n, 1])).get();
    trips.push(performance.now() - sentAt);
  }
  return trips;
}
