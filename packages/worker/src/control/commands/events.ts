import { controlCommand, ok, type WorkerCommand } from '../worker-command.js';

/** celery 5.6 worker/control.py, enable_events. */
export const enableEvents: WorkerCommand = controlCommand({
  name: 'enable_events',
  help: 'Tell worker(s) to send task-related events.',
  run: ({ events, logger }) => {
    if (!events.enable('task')) return ok('task events already enabled');
    logger.info('Events of group {task} enabled by remote.');
    return ok('task events enabled');
  },
});

/** celery 5.6 worker/control.py, disable_events. */
export const disableEvents: WorkerCommand = controlCommand({
  name: 'disable_events',
  help: 'Tell worker(s) to stop sending task-related events.',
  run: ({ events, logger }) => {
    if (!events.disable('task')) return ok('task events already disabled');
    logger.info('Events of group {task} disabled by remote.');
    return ok('task events disabled');
  },
});
