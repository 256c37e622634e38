import { FlowProducer, type Job, Queue, QueueEvents } from 'bullmq';
import { connectionTo } from '../bullmq-connection.js';
import { type Addition, bullmqCanvas, flowOf } from './bullmq-canvas.js';
import { type CanvasClient, serveOrders } from './serve-orders.js';

/** A client process of BullMQ. */
const [url = ''] = process.argv.slice(2);
const connection = connectionTo(url);
const flows = new FlowProducer({ connection });
const queue = new Queue<Addition, number>(bullmqCanvas, { connection });
const events = new QueueEvents(bullmqCanvas, { connection });
// One for each job of a group that is waited for.
for (const emitter of [queue, events]) emitter.setMaxListeners(0);
await Promise.all([flows.waitUntilReady(), queue.waitUntilReady(), events.waitUntilReady()]);

async function finished(job: Job): Promise<number> {
  return (await job.waitUntilFinished(events)) as number;
}

const client: CanvasClient = {
  prepare(shape) {
    const flow = flowOf(shape);
    if (shape.kind !== 'group') return async () => finished((await flows.add(flow)).job);
    // A group has nothing that waits for all of its members.
    const members = (flow.children ?? []).map(({ name, data }) => ({ name, data: data as Addition }));
    return async () => Promise.all((await queue.addBulk(members)).map(finished));
  },
  ran: async () => finished(await queue.add('ran', {})),
};
await serveOrders(client);
await Promise.all([flows.close(), queue.close(), events.close()]);
