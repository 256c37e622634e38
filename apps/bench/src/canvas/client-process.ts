import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { Program } from '../worker-process.js';
import type { Answer, Answered, Order } from './order.js';

/** Why a product did not do as it was told: what its client said, or how it ended. */
export class OrderError extends Error {}

/** A client of whatever product in a process of its own, which is given orders and measured from outside. */
export class ClientProcess implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #exited: Promise<unknown>;
  readonly #answers: AsyncIterator<string>;

  constructor({ command, args, cwd, environment }: Program) {
    this.#child = spawn(command, args, {
      ...(cwd === undefined ? {} : { cwd }),
      env: { ...process.env, ...environment },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#exited = once(this.#child, 'exit');
    // Its end is seen by the end of its answers.
    this.#child.stdin.on('error', () => undefined);
    this.#answers = createInterface(this.#child.stdout)[Symbol.asyncIterator]();
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error('The client could not be started.');
    return this.#child.pid;
  }

  /** @throws OrderError where it could not be done. */
  async do(order: Order): Promise<Answered> {
    this.#child.stdin.write(`${JSON.stringify(order)}\n`);
    const { value, done } = (await this.#answers.next()) as IteratorResult<string, undefined>;
    if (done === true) throw new OrderError('The client ended without an answer');
    const answer = JSON.parse(value) as Answer;
    if ('error' in answer) throw new OrderError(answer.error);
    return answer;
  }

  /** Whatever it does. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }
}
