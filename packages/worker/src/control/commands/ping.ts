import { inspectCommand, ok, type WorkerCommand } from '../worker-command.js';

export const ping: WorkerCommand = inspectCommand({
  name: 'ping',
  help: 'Ping worker(s).',
  timeout: 0.2,
  run: () => ok('pong'),
});
