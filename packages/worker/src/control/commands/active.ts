import { taskInfo } from '../task-info.js';
import { inspectCommand, type WorkerCommand } from '../worker-command.js';

export const active: WorkerCommand = inspectCommand({
  name: 'active',
  alias: 'dump_active',
  args: { safe: 'boolean' },
  positional: [],
  help: 'List of tasks currently being executed.',
  run: (scope, { safe }) => scope.consumer.requests.active.map((request) => taskInfo(request, scope, { safe })),
});
