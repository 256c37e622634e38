import { CommandError } from '../command-error.js';
import { controlCommand, ok, type WorkerCommand } from '../worker-command.js';

/**
 * Threads and processes are replaced as soon as they have nothing to do, and load the whole application anew: `modules`, `reload` and `reloader` of Celery say nothing
 * more.
 */
export const poolRestart: WorkerCommand = controlCommand({
  name: 'pool_restart',
  help: 'Restart execution pool.',
  run({ kernel, pool, logger }) {
    if (!kernel.settings.workerPoolRestarts) throw new CommandError('ValueError', 'Pool restarts not enabled');
    logger.info(`Restarting the pool ${pool.name}`);
    pool.restart?.();
    return ok('reload started');
  },
});
