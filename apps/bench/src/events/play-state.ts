import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { ClusterState } from '@ctq/core/events';

/** A program: feeds a file of events to a state, and prints how long that took. Its twin is `events_state.py`. */
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
const [file = ''] = process.argv.slice(2);
collectGarbage();
const { heapUsed } = process.memoryUsage();
const events = readFileSync(file, 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as object);
collectGarbage();
const state = new ClusterState();
const startedAt = performance.now();
for (const event of events) state.event(event);
const seconds = (performance.now() - startedAt) / 1_000;
// Of the events only what the state has kept of them is counted.
events.length = 0;
collectGarbage();
const heapMiB = (process.memoryUsage().heapUsed - heapUsed) / 1_024 / 1_024;
const { size: tasks } = state.tasks;
process.stdout.write(`${JSON.stringify({ seconds, heapMiB, tasks, workers: state.workers.size })}\n`);
