import { controlCommand, ok, type WorkerCommand } from '../worker-command.js';

/**
 * The queue as `taskQueues` describes it, where it does; else as the arguments say, in Celery's names, those of a queue that `taskQueues` may have too (celery 5.6
 * worker/consumer/consumer.py, add_task_queue).
 */
export const addConsumer: WorkerCommand = controlCommand({
  name: 'add_consumer',
  args: { queue: 'text', exchange: 'text', exchange_type: 'text', routing_key: 'text' },
  required: ['queue'],
  signature: '<queue> [exchange [type [routing_key]]]',
  help: 'Tell worker(s) to consume from task queue by name.',
  async run({ worker, kernel }, { queue }, { queue: _, ...description }) {
    await worker.addQueue(kernel.queues.described(queue, description));
    return ok(`add consumer ${queue}`);
  },
});

export const cancelConsumer: WorkerCommand = controlCommand({
  name: 'cancel_consumer',
  args: { queue: 'text' },
  required: ['queue'],
  signature: '<queue>',
  help: 'Tell worker(s) to stop consuming from task queue by name.',
  async run({ worker }, { queue }) {
    await worker.cancelQueue(queue);
    return ok(`no longer consuming from ${queue}`);
  },
});
