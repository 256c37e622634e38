import { once } from 'node:events';
import { type Job, Worker } from 'bullmq';
import { connectionTo } from '../bullmq-connection.js';
import { type Addition, bullmqCanvas } from './bullmq-canvas.js';

/** A worker process of BullMQ for workflows, which runs functions in its event loop. */
const [url = '', concurrency = '1'] = process.argv.slice(2);
let count = 0;

async function processor(job: Job<Addition, number>): Promise<number> {
  if (job.name === 'ran') {
    const last = count;
    count = 0;
    return last;
  }
  count += 1;
  const { x, y = 0 } = job.data;
  if (x !== undefined) return x + y;
  const before = await job.getChildrenValues<number>();
  return Object.values(before).reduce((sum, one) => sum + one, y);
}

const worker = new Worker<Addition, number>(bullmqCanvas, processor, {
  connection: connectionTo(url),
  concurrency: Number(concurrency),
});
await once(process, 'SIGTERM');
await worker.close(true);
process.exit();
