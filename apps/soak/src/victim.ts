import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type ProcessFigures, processFigures } from './process-figures.js';

const cli = fileURLToPath(import.meta.resolve('@ctq/cli/bin'));
/** Built modules, also when this one runs from its source. */
const modules = new URL('../dist/', import.meta.url);

export interface VictimOptions {
  readonly name: string;
  readonly pool: string;
  readonly concurrency: number;
  readonly env: Readonly<Record<string, string>>;
  /** What has its tasks, below the built modules. Default `tasks.js`. */
  readonly tasks?: string;
}

/** A worker process that is there to be killed. */
export class Victim {
  readonly #options: VictimOptions;
  #child: ChildProcess | undefined;
  #lines: string[] = [];

  constructor(options: VictimOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  /** Whether its process is there. */
  get state(): string {
    const { pid, exitCode, signalCode } = this.#child ?? {};
    if (pid === undefined) return 'not started';
    return exitCode == null && signalCode == null
      ? `process ${pid}`
      : `process ${pid}, ended with ${exitCode ?? signalCode}`;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Resolves when it consumes. */
  async start(): Promise<void> {
    const { name, pool, concurrency, env, tasks = 'tasks.js' } = this.#options;
    const module = fileURLToPath(new URL(tasks, modules));
    const args = ['-A', module, 'worker', '-l', 'warning', '-P', pool, '-c', String(concurrency), '-n', `${name}@%h`];
    const child = spawn(process.execPath, [cli, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    this.#child = child;
    this.#lines = [];
    const exited = once(child, 'exit');
    await Promise.race([
      new Promise<void>((ready) => {
        for (const stream of [child.stdout, child.stderr]) {
          createInterface(stream).on('line', (line) => {
            this.#lines.push(line);
            if (this.#lines.length > 50) this.#lines.shift();
            if (line.includes('[queues]')) ready();
          });
        }
      }),
      exited.then(() => {
        throw new Error(`Worker ${name} ended by itself:\n${this.lastLines}`);
      }),
    ]);
  }

  /** Ends it, and starts a new process in its place. */
  async killAndReplace(signal: NodeJS.Signals): Promise<void> {
    await this.end(signal);
    await this.start();
  }

  /** Whether that is one of the processes in which it runs tasks, or itself. */
  owns({ process, parent }: { readonly process: number; readonly parent: number }): boolean {
    return this.pid === process || this.pid === parent;
  }

  /** What it takes now, and each of its slots that is a process. */
  async figures(): Promise<{ readonly worker: ProcessFigures | undefined; readonly slots: readonly ProcessFigures[] }> {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'pid=', '--ppid', String(this.pid)]).catch(
      // It has none: `ps` says so by its status.
      () => ({ stdout: '' }),
    );
    const slots = stdout.split('\n').filter((line) => line.trim() !== '');
    return {
      worker: processFigures(this.pid ?? 0),
      slots: slots.map((pid) => processFigures(Number(pid))).filter((figures) => figures !== undefined),
    };
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }

  get lastLines(): string {
    return this.#lines.join('\n');
  }
}
