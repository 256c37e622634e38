// The worker of a long run, in a process of its own: `endurance.ts` starts it, asks for figures over its channel, and tells it to leave.
import { getActiveResourcesInfo } from 'node:process';
import { readdirSync } from 'node:fs';
import { Worker } from '@ctq/worker';
import type { EnduranceFigures } from './endurance.js';
import { app } from './tasks.js';

const [pool = 'async', concurrency = '1'] = process.argv.slice(2);
const worker = new Worker(app, {
  module: new URL('./tasks.js', import.meta.url).href,
  pool,
  concurrency: Number(concurrency),
});

process.on('message', (asked) => {
  if (asked === 'figures') process.send?.(figures());
  else void worker.stop().then(() => process.exit(0));
});
// Nobody is left to measure it.
process.on('disconnect', () => process.exit(1));
await worker.start();
process.send?.('ready');

function figures(): EnduranceFigures {
  globalThis.gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  // Timers come and go with what is done; immediates are this message.
  const handles = getActiveResourcesInfo().filter((kind) => kind !== 'Timeout' && kind !== 'Immediate');
  return { rss, heapUsed, handles: handles.length, descriptors: readdirSync('/proc/self/fd').length };
}
