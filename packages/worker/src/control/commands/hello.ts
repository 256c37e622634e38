import { decodeRevoked, encodeRevoked } from '../../cluster/revoked-map.js';
import { inspectCommand, type WorkerCommand } from '../worker-command.js';

/** Another worker starts: both tell each other what is revoked (celery 5.6 worker/control.py, hello). */
export const hello: WorkerCommand = inspectCommand({
  name: 'hello',
  help: 'Request mingle sync-data.',
  visible: false,
  args: { from_node: 'text', revoked: 'any' },
  run: ({ name, kernel, logger, workplace: { revocations } }, { from_node: node, revoked }) => {
    if (node === undefined) throw new TypeError('hello says from_node.');
    if (node === name) return null;
    logger.info(`sync with ${node}`);
    revocations.add(decodeRevoked(revoked, kernel.clock.now()));
    return { revoked: encodeRevoked(revocations.entries()), clock: kernel.logicalClock.forward() };
  },
});
