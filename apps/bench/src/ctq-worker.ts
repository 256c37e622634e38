import { fileURLToPath } from 'node:url';
import { WorkerProcess } from './worker-process.js';

const cli = fileURLToPath(import.meta.resolve('@ctq/cli/bin'));

/** A worker of the CLI for the app that a module exports. */
export function ctqWorker(
  module: string,
  flags: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): WorkerProcess {
  return new WorkerProcess({
    command: process.execPath,
    args: [cli, '-A', module, 'worker', ...flags],
    environment,
  });
}
