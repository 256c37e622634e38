import { noReply } from '@ctq/messaging';
import { toError } from '@ctq/runtime';
import { controlCommand, type WorkerCommand } from '../worker-command.js';

/** Warm: what runs is waited for. Nobody is answered, as in Celery, whose worker leaves by an exception. */
export const shutdown: WorkerCommand = controlCommand({
  name: 'shutdown',
  args: { msg: 'text' },
  positional: [],
  help: 'Shutdown worker(s).',
  run({ worker, logger }, { msg = 'Got shutdown from remote' }) {
    logger.warn(msg);
    // The answer cannot wait for a stop that waits for the answers.
    worker.stop().catch((error: unknown) => logger.error({ err: toError(error) }, 'The worker did not stop cleanly'));
    return noReply;
  },
});
