import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { processTree } from './process-tree.js';

const cli = fileURLToPath(import.meta.resolve('@ctq/cli/bin'));

/** A worker process of the CLI, measured from outside. */
export interface WorkerProcess {
  readonly pid: number;
  readonly readyAfterSeconds: number;
  /** Resident memory in MiB. */
  residentMiB(): number;
  /** User and system time so far, in seconds. */
  cpuSeconds(): number;
  stop(): Promise<void>;
}

export async function startWorker(concurrency: number): Promise<WorkerProcess> {
  const startedAt = performance.now();
  const tasks = fileURLToPath(new URL('./tasks.js', import.meta.url));
  const child = spawn(process.execPath, [cli, '-A', tasks, 'worker', '-l', 'info', '-c', String(concurrency)], {
    stdio: ['ignore', 'ignore', 'pipe'],
    // Lines of tasks are not what is measured.
    env: { ...process.env },
  });
  const lines: string[] = [];
  const exited = once(child, 'exit');
  await Promise.race([
    new Promise<void>((ready) => {
      createInterface(child.stderr).on('line', (line) => {
        lines.push(line);
        if (lines.length > 50) lines.shift();
        if (line.endsWith(' ready.')) ready();
      });
    }),
    exited.then(() => {
      throw new Error(`The worker ended before it was ready:\n${lines.join('\n')}`);
    }),
  ]);
  const pid = child.pid as number;
  return {
    pid,
    readyAfterSeconds: (performance.now() - startedAt) / 1_000,
    residentMiB: () => processTree(pid).residentMiB,
    cpuSeconds: () => processTree(pid).cpuSeconds,
    async stop() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

/** Runs client processes at the same time; resolves with the seconds from their start signal to the last one's end. */
export async function runClients(clients: number, tasksEach: number): Promise<number> {
  const children: ChildProcess[] = Array.from({ length: clients }, () =>
    fork(fileURLToPath(new URL('./client.js', import.meta.url)), [String(tasksEach)]),
  );
  await Promise.all(children.map((child) => once(child, 'message')));
  const startedAt = performance.now();
  const ends = children.map((child) => once(child, 'message'));
  for (const child of children) child.send('go');
  await Promise.all(ends);
  return (performance.now() - startedAt) / 1_000;
}
