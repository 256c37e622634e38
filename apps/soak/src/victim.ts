import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const cli = fileURLToPath(import.meta.resolve('@ctq/cli/bin'));
/** The built module, also when this one runs from its source. */
const tasks = fileURLToPath(new URL('../dist/tasks.js', import.meta.url));

/** A worker process that is there to be killed. */
export class Victim {
  readonly #name: string;
  readonly #concurrency: number;
  readonly #pool: string;
  #child: ChildProcess | undefined;
  #lines: string[] = [];

  constructor(name: string, concurrency: number, pool: string) {
    this.#name = name;
    this.#concurrency = concurrency;
    this.#pool = pool;
  }

  /** Resolves when it consumes. */
  async start(): Promise<void> {
    const args = [
      cli,
      '-A',
      tasks,
      'worker',
      '-l',
      'warning',
      '-c',
      String(this.#concurrency),
      '-n',
      `${this.#name}@%h`,
      '-P',
      this.#pool,
    ];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
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
        throw new Error(`Worker ${this.#name} ended by itself:\n${this.#lines.join('\n')}`);
      }),
    ]);
  }

  /** Ends it, and starts a new process in its place. */
  async killAndReplace(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await this.end(signal);
    await this.start();
  }

  /** kill -9 of one of its pool's processes; false when it has none. The worker itself replaces it. */
  async killSlot(random: () => number): Promise<boolean> {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'pid=', '--ppid', String(this.#child?.pid)]).catch(
      // It has none: `ps` says so by its status.
      () => ({ stdout: '' }),
    );
    const children = stdout
      .split('\n')
      .map(Number)
      .filter((pid) => pid > 0);
    const victim = children[Math.floor(random() * children.length)];
    if (victim === undefined) return false;
    try {
      process.kill(victim, 'SIGKILL');
    } catch {
      // It has ended meanwhile.
      return false;
    }
    return true;
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
