import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { processTree, type Usage } from './process-tree.js';

export interface Program {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  /** On top of this process's own. */
  readonly environment?: NodeJS.ProcessEnv;
}

/** A worker that was told to end and has not after so long is killed. */
const patienceMs = 10_000;
const linesKept = 30;

/** A worker of whatever product in a process of its own, measured from outside. */
export class WorkerProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #lines: string[] = [];
  readonly #ready: Promise<void>;

  constructor({ command, args, cwd, environment }: Program) {
    this.#child = spawn(command, args, {
      ...(cwd === undefined ? {} : { cwd }),
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#exited = once(this.#child, 'exit');
    this.#ready = new Promise((resolve) => {
      // Read to its end, lest the worker block on a full pipe.
      this.#readLines((line) => line.endsWith(' ready.') && resolve());
    });
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error('The worker could not be started.');
    return this.#child.pid;
  }

  /** What it and its children use. */
  usage(): Usage {
    return processTree(this.pid);
  }

  /** Resolves when it says that it is ready, on stderr at the level info. */
  saysReady(): Promise<void> {
    return this.unlessEnded(this.#ready);
  }

  /** @throws Error with its last lines when it ends before. */
  unlessEnded<T>(awaited: Promise<T>): Promise<T> {
    const ended = this.#exited.then(() => {
      throw new Error(`The worker ended before its time:\n${this.#lines.join('\n')}`);
    });
    return Promise.race([awaited, ended]);
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    const patience = setTimeout(() => this.#child.kill('SIGKILL'), patienceMs);
    await this.#exited;
    clearTimeout(patience);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #readLines(onLine: (line: string) => void): void {
    const { stderr } = this.#child;
    if (stderr === null) return;
    createInterface(stderr).on('line', (line) => {
      this.#lines.push(line);
      if (this.#lines.length > linesKept) this.#lines.shift();
      onLine(line);
    });
  }
}
