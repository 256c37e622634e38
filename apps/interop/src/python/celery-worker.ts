import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { endProcess } from './end-process.js';
import { programs } from './environment.js';
import { environmentOf, type PythonSite } from './python-site.js';

export interface CeleryWorkerOptions {
  /** Its node name. Default: one that nobody else has. */
  readonly name?: string;
  /** Further arguments. */
  readonly more?: readonly string[];
}

/** A worker of Celery's, in a process of its own. */
export class CeleryWorker implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Resolves when it says that it is ready. */
  static async start(
    python: string,
    site: PythonSite,
    queues: readonly string[],
    { name = `python-${crypto.randomUUID()}@interop`, more = [] }: CeleryWorkerOptions = {},
  ): Promise<CeleryWorker> {
    // Its neighbours are not of interest, and looking for them takes it a second.
    const args = [
      '-Q',
      queues.join(),
      '-n',
      name,
      '-c',
      '2',
      '-P',
      'threads',
      '-l',
      'INFO',
      '--without-mingle',
      ...more,
    ];
    const child = spawn(python, ['worker.py', ...args], { cwd: programs, env: environmentOf(site) });
    const worker = new CeleryWorker(child);
    const exited = once(child, 'exit');
    await Promise.race([
      worker.#line(/ ready\.$/),
      exited.then(() => {
        throw new Error(`The Python worker ended before it was ready:\n${worker.log}`);
      }),
    ]);
    return worker;
  }

  /** What it said last. */
  get log(): string {
    return this.#lines.join('\n');
  }

  #line(pattern: RegExp): Promise<void> {
    return new Promise((resolve) => {
      for (const stream of [this.#child.stdout, this.#child.stderr]) {
        if (stream === null) continue;
        createInterface(stream).on('line', (line) => {
          this.#lines.push(line);
          if (this.#lines.length > 100) this.#lines.shift();
          if (pattern.test(line)) resolve();
        });
      }
    });
  }

  /** kill -9. */
  async kill(): Promise<void> {
    await endProcess(this.#child, 'SIGKILL');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await endProcess(this.#child, 'SIGTERM');
  }
}
