import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { endProcess } from './end-process.js';
import { programs } from './environment.js';
import { environmentOf, type PythonSite } from './python-site.js';

/** What a Python program answered: a value, or the exception that it got. */
export type PythonAnswer<Value = unknown> =
  | { readonly value: Value }
  | { readonly error: string; readonly module: string; readonly message: string; readonly args: readonly unknown[] };

/** A Python program that does what it is told, one thing after the other (`conversation.py`). */
export class Conversation implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string, undefined>;

  constructor(python: string, program: string, site: PythonSite) {
    const child = spawn(python, [program], {
      cwd: programs,
      env: environmentOf(site),
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#child = child;
    this.#answers = createInterface(child.stdout)[Symbol.asyncIterator]();
  }

  /** The answer, whatever it is. One request at a time. */
  async ask<Value>(command: string, ...args: readonly unknown[]): Promise<PythonAnswer<Value>> {
    this.#child.stdin?.write(`${JSON.stringify([command, ...args])}\n`);
    const next: IteratorResult<string, undefined> = await this.#answers.next();
    if (next.done === true) throw new Error('The Python program ended.');
    return JSON.parse(next.value) as PythonAnswer<Value>;
  }

  /** The value. @throws Error for an exception. */
  async tell<Value>(command: string, ...args: readonly unknown[]): Promise<Value> {
    const answer = await this.ask<Value>(command, ...args);
    if ('error' in answer) throw new Error(`Python, ${command}: ${answer.error}: ${answer.message}`);
    return answer.value;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin?.end();
    await endProcess(this.#child, 'SIGTERM');
  }
}
