import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const cli = fileURLToPath(import.meta.resolve('@ctq/cli/bin'));
const tasks = fileURLToPath(new URL('./tasks.js', import.meta.url));

/** A worker process, started as anyone would start it: `ctq -A ./tasks worker`. */
export interface WorkerProcess {
  readonly name: string;
  /** Retries that its log told of. */
  readonly retries: () => number;
  /** The last lines it wrote, for when something went wrong. */
  readonly lastLines: () => string;
  readonly exited: Promise<void>;
  kill(signal: NodeJS.Signals): void;
}

/** Resolves when the worker says that it is ready. */
export async function startWorker(name: string): Promise<WorkerProcess> {
  const child: ChildProcess = spawn(
    process.execPath,
    [cli, '-A', tasks, 'worker', '-l', 'info', '-c', '8', '-n', `${name}@%h`],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const lines: string[] = [];
  let retries = 0;
  let ready: () => void;
  const isReady = new Promise<void>((resolve) => (ready = resolve));
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface(stream).on('line', (line) => {
      lines.push(line);
      if (lines.length > 40) lines.shift();
      if (/ retry: /u.test(line)) retries += 1;
      if (line.endsWith(' ready.')) ready();
    });
  }
  const exited = once(child, 'exit').then(() => undefined);
  await Promise.race([
    isReady,
    exited.then(() => {
      throw new Error(`Worker ${name} ended before it was ready:\n${lines.join('\n')}`);
    }),
  ]);
  return {
    name,
    retries: () => retries,
    lastLines: () => lines.join('\n'),
    exited,
    kill: (signal) => void child.kill(signal),
  };
}
