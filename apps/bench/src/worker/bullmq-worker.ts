import { once } from 'node:events';
import { type Processor, Worker } from 'bullmq';
import { connectionTo } from '../bullmq-connection.js';
import { bullmqQueue } from './bullmq-queue.js';
import processor from './bullmq-processor.js';

/** A worker process of BullMQ: its functions in its own event loop, in processes or in threads. */
const [url = '', where = 'loop', concurrency = '1'] = process.argv.slice(2);
const sandbox = new URL('./bullmq-processor.js', import.meta.url);
const worker = new Worker(bullmqQueue, where === 'loop' ? (processor as Processor) : sandbox, {
  connection: connectionTo(url),
  concurrency: Number(concurrency),
  useWorkerThreads: where === 'threads',
});
await once(process, 'SIGTERM');
await worker.close(true);
process.exit();
