import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const bin = fileURLToPath(new URL('../../dist/bin.js', import.meta.url));

/** A run of the real command. */
export class CommandRun implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #exited: Promise<number | null>;
  readonly #waiting = new Set<() => void>();
  out = '';
  err = '';

  constructor(
    folder: string,
    args: readonly string[],
    options: {
      readonly env?: Readonly<Record<string, string>>;
      readonly script?: string;
      readonly input?: string;
    } = {},
  ) {
    this.#child = spawn(process.execPath, [options.script ?? bin, ...args], {
      cwd: folder,
      env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#child.stdin?.end(options.input ?? '');
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.out += text;
      this.#look();
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.err += text;
      this.#look();
    });
    this.#exited = new Promise((resolve) => {
      this.#child.on('close', (code) => {
        resolve(code);
        this.#look();
      });
    });
  }

  get exitCode(): Promise<number | null> {
    return this.#exited;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Resolves when the text was written, to wherever; rejects when the command ended without. */
  async says(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.out) && !pattern.test(this.err)) {
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
        await this.#exited;
        if (pattern.test(this.out) || pattern.test(this.err)) return;
        throw new Error(
          `The command ended without saying ${pattern}.\n--- stdout\n${this.out}\n--- stderr\n${this.err}`,
        );
      }
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill('SIGKILL');
    await this.#exited;
  }

  #look(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}
