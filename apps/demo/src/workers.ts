import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const cli = fileURLToPath(import.meta.resolve('@ctq/cli/bin'));
const tasks = fileURLToPath(new URL('./tasks.js', import.meta.url));

/** A worker process, started as anyone would start it: `ctq -A ./tasks worker`. */
export interface WorkerProcess {
  readonly name: string;
  /** Resolves when it says that it is ready. */
  readonly ready: Promise<void>;
  /** Retries that its log told of. */
  readonly retries: () => number;
  /** The last lines it wrote, for when something went wrong. */
  readonly lastLines: () => string;
  readonly exited: Promise<void>;
  kill(signal: NodeJS.Signals): void;
}

export function startWorker(name: string): WorkerProcess {
  const args = [cli, '-A', tasks, 'worker', '-l', 'info', '-c', '8', '-n', `${name}@%h`];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const lines: string[] = [];
  let retries = 0;
  const exited = once(child, 'exit').then(() => undefined);
  const ready = new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface(stream).on('line', (line) => {
        lines.push(line);
        if (lines.length > 40) lines.shift();
        if (/ retry: /u.test(line)) retries += 1;
        if (line.endsWith(' ready.')) resolve();
      });
    }
    exited.then(() => reject(new Error(`Worker ${name} ended before it was ready.`)), reject);
  });
  return {
    name,
    ready,
    retries: () => retries,
    lastLines: () => lines.join('\n'),
    exited,
    kill: (signal) => void child.kill(signal),
  };
}
