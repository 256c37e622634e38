import { inspectCommand, type WorkerCommand } from '../worker-command.js';

export const clock: WorkerCommand = inspectCommand({
  name: 'clock',
  help: 'Get current logical clock value.',
  run: ({ kernel }) => ({ clock: kernel.logicalClock.value }),
});
