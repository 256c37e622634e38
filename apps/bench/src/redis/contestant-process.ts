import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Site } from './contender.js';
import type { Measured, Order } from './role.js';

/** A process of one contender, which does one thing and says how it went. */
export class ContestantProcess {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start(name: string, { url, stores }: Site): Promise<ContestantProcess> {
    const program = fileURLToPath(new URL('./role.js', import.meta.url));
    const child = fork(program, [name, url, stores ? 'stores' : 'ignores']);
    const contestant = new ContestantProcess(child);
    await contestant.#said();
    return contestant;
  }

  /** Resolves when it has done so and ended. */
  async do(order: Exclude<Order, { what: 'work' }>): Promise<Measured> {
    const exited = once(this.#child, 'exit');
    this.#child.send(order);
    const measured = (await this.#said()) as Measured;
    await exited;
    return measured;
  }

  /** Resolves when it takes tasks; `measured` when it has run all of them and ended. */
  async work(order: Extract<Order, { what: 'work' }>): Promise<{ readonly measured: Promise<Measured> }> {
    const exited = once(this.#child, 'exit');
    this.#child.send(order);
    await this.#said();
    const said = this.#said() as Promise<Measured>;
    return { measured: Promise.all([said, exited]).then(([measured]) => measured) };
  }

  async #said(): Promise<unknown> {
    const ended = new AbortController();
    const died = once(this.#child, 'exit', { signal: ended.signal }).then(([code]) => {
      throw new Error(`A process of the comparison ended with ${code} before it was done.`);
    });
    died.catch(() => undefined);
    const [message] = (await Promise.race([once(this.#child, 'message'), died])) as [unknown];
    ended.abort();
    return message;
  }
}
