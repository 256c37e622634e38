import { formatWireTime } from '@ctq/core';
import { taskInfo } from '../task-info.js';
import { inspectCommand, type WorkerCommand } from '../worker-command.js';

/** Of timers, not of messages: Celery's of every task that waits for its time. */
const priority = 6;

/** Messages that wait in the broker are among them where this worker has put them there. */
export const scheduled: WorkerCommand = inspectCommand({
  name: 'scheduled',
  alias: 'dump_schedule',
  help: 'List of currently scheduled ETA/countdown tasks.',
  run: (scope) =>
    scope.consumer.requests.scheduled.map(({ request, dueAt }) => ({
      eta: formatWireTime(dueAt),
      priority,
      request: taskInfo(request, scope, { isScheduled: true }),
    })),
});
