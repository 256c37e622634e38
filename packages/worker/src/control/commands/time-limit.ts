import { CommandError } from '../command-error.js';
import { controlCommand, nok, ok, type WorkerCommand } from '../worker-command.js';

export const timeLimit: WorkerCommand = controlCommand({
  name: 'time_limit',
  args: { task_name: 'text', soft: 'number', hard: 'number' },
  required: ['task_name'],
  signature: '<task_name> <soft_secs> [hard_secs]',
  help: 'Tell worker(s) to modify the time limit for task by type.',
  run({ worker, kernel, logger }, { task_name: task, soft, hard }) {
    if (kernel.registry.find(task) === undefined) {
      logger.error(`Change time limit attempt for unknown task ${task}`);
      return nok('unknown task');
    }
    if ((soft ?? 0) < 0 || (hard ?? 0) < 0)
      throw new CommandError('ValueError', 'A time limit is a number of seconds, and not below 0');
    worker.setTimeLimits(task, {
      ...(soft === undefined ? {} : { soft }),
      ...(hard === undefined ? {} : { hard }),
    });
    const shown = (limit: number | undefined): string => (limit === undefined ? 'None' : String(limit));
    logger.info(`New time limits for tasks of type ${task}: soft=${shown(soft)} hard=${shown(hard)}`);
    return ok('time limits set successfully');
  },
});
