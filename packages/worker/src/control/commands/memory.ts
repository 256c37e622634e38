import { inspectCommand, type WorkerCommand } from '../worker-command.js';

export const memsample: WorkerCommand = inspectCommand({
  name: 'memsample',
  help: 'Sample current RSS memory usage.',
  run: ({ memory }) => memory.take(),
});

export const memdump: WorkerCommand = inspectCommand({
  name: 'memdump',
  args: { samples: 'integer' },
  signature: '[n_samples=10]',
  help: 'Dump statistics of previous memsample requests.',
  run: ({ memory }, { samples = 10 }) => memory.dump(samples),
});
