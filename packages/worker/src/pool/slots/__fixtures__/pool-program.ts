// A program with a pool of one process: for each line that it reads it runs the task of that name there, and prints the first item of its value.
import { createInterface } from 'node:readline';
import { PoolTrial } from '../../conformance/pool-trial.js';
import { processPool } from '../process-pool.js';
import { app } from './slot-app.js';

const locator = { url: new URL('./slot-app.js', import.meta.url).href, export: 'app' };
const trial = await PoolTrial.started(processPool, { size: 1, locator, store: app.kernel.results }, app);

for await (const task of createInterface(process.stdin)) {
  const outcome = await trial.run(task);
  const [item] = outcome.kind === 'success' ? (outcome.value as readonly unknown[]) : [outcome.kind];
  process.stdout.write(`${String(item)}\n`);
}
