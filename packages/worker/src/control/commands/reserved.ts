import { taskInfo } from '../task-info.js';
import { inspectCommand, type WorkerCommand } from '../worker-command.js';

export const reserved: WorkerCommand = inspectCommand({
  name: 'reserved',
  alias: 'dump_reserved',
  help: 'List of currently reserved tasks, not including scheduled/active.',
  run: (scope) => scope.consumer.requests.reserved.map((request) => taskInfo(request, scope)),
});
