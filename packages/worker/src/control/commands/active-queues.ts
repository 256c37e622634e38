import { queueInfo } from '../queue-info.js';
import { inspectCommand, type WorkerCommand } from '../worker-command.js';

export const activeQueues: WorkerCommand = inspectCommand({
  name: 'active_queues',
  help: 'List the task queues a worker is currently consuming from.',
  run: ({ consumer }) => consumer.queues.all.map(queueInfo),
});
