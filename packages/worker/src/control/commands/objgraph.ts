import { CommandError } from '../command-error.js';
import { inspectCommand, type WorkerCommand } from '../worker-command.js';

/** A graph of Python's objects: there is none here. */
export const objgraph: WorkerCommand = inspectCommand({
  name: 'objgraph',
  args: { type: 'text', num: 'integer', max_depth: 'integer' },
  signature: '[object_type=Request] [num=200 [max_depth=10]]',
  help: "Celery's graph of uncollected objects; a worker of ctq says how to take a heap snapshot instead.",
  timeout: 60,
  run() {
    throw new CommandError(
      'ImportError',
      'objgraph is a library of Python. Start the worker with node --heapsnapshot-signal=SIGUSR2, send it SIGUSR2, and open the file in the Memory tab of DevTools',
    );
  },
});
