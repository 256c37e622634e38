import { controlCommand, type WorkerCommand } from '../worker-command.js';

/** celery 5.6 worker/control.py, heartbeat: for monitors that have just begun to listen. */
export const heartbeat: WorkerCommand = controlCommand({
  name: 'heartbeat',
  help: 'Tell worker(s) to send event heartbeat immediately.',
  run: ({ events, software, logger }) => {
    logger.debug('Heartbeat requested by remote.');
    events.send('worker-heartbeat', { freq: 5, ...software });
  },
});
