import { taskInfo } from '../task-info.js';
import { inspectCommand, type WorkerCommand } from '../worker-command.js';

/** Those that this worker does not have, or that wait for their time, are left out (celery 5.6 worker/control.py, query_task). */
export const queryTask: WorkerCommand = inspectCommand({
  name: 'query_task',
  args: { ids: 'text[]' },
  variadic: 'ids',
  required: ['ids'],
  signature: '[id1 [id2 [... [idN]]]]',
  help: 'Query for task information by id.',
  run(scope, { ids }) {
    const wanted = new Set(ids);
    const { active, reserved } = scope.consumer.requests;
    const states = [
      ...reserved.map((request) => ['reserved', request] as const),
      ...active.map((request) => ['active', request] as const),
    ];
    return Object.fromEntries(
      states
        .filter(([, { message }]) => wanted.has(message.id))
        .map(([state, request]) => [request.message.id, [state, taskInfo(request, scope)]]),
    );
  },
});
