import { inspectCommand, type WorkerCommand } from '../worker-command.js';

export const revoked: WorkerCommand = inspectCommand({
  name: 'revoked',
  alias: 'dump_revoked',
  help: 'List of revoked task-ids.',
  run: ({ revocations }) => revocations.ids,
});
