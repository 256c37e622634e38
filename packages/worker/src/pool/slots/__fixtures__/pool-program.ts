// A program with a pool of one process: for each line that it reads it runs a task there, and prints the pid.
import { createInterface } from 'node:readline';
import { PoolTrial } from '../../conformance/pool-trial.js';
import { processPool } from '../process-pool.js';
import { app } from './slot-app.js';

const locator = { url: new URL('./slot-app.js', import.meta.url).href, export: 'app' };
const trial = await PoolTrial.started(processPool, { size: 1, locator, store: app.kernel.results }, app);

for await (const _ of createInterface(process.stdin)) {
  const outcome = await trial.run('slots.where');
  const [pid] = outcome.kind === 'success' ? (outcome.value as readonly unknown[]) : [outcome.kind];
  process.stdout.write(`${String(pid)}\n`);
}
