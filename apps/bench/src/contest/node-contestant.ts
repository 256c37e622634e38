import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Site } from '../site.js';
import type { Contestant, Measured, Order } from './contestant.js';

/** A contender that runs in Node: each order in a process of its own. */
export function nodeContestant(name: string): Contestant {
  return {
    sends: ['one-by-one', 'in-flight', 'bulk'],
    async send(site, order) {
      const process = await NodeProcess.start(name, site);
      process.tell(order);
      const measured = (await process.said()) as Measured;
      await process.exited;
      return measured;
    },
    async work(site, order) {
      const process = await NodeProcess.start(name, site);
      process.tell(order);
      await process.said();
      const said = process.said() as Promise<Measured>;
      const measured = Promise.all([said, process.exited]).then(([last]) => last);
      return {
        measured,
        async stop() {
          // What it would have measured is of no interest any more.
          measured.catch(() => undefined);
          process.kill();
          await process.exited;
        },
      };
    },
  };
}

class NodeProcess {
  readonly exited: Promise<unknown>;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.exited = once(child, 'exit');
  }

  static async start(name: string, { url, stores, results = url }: Site): Promise<NodeProcess> {
    const program = fileURLToPath(new URL('./role.js', import.meta.url));
    const started = new NodeProcess(fork(program, [name, url, stores ? 'stores' : 'ignores', results]));
    await started.said();
    return started;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  tell(order: Order): void {
    this.#child.send(order);
  }

  /** The next thing it says. */
  async said(): Promise<unknown> {
    const heard = new AbortController();
    const died = once(this.#child, 'exit', { signal: heard.signal }).then(([code]) => {
      throw new Error(`A process of the comparison ended with ${code} before it was done.`);
    });
    died.catch(() => undefined);
    const [message] = (await Promise.race([once(this.#child, 'message'), died])) as [unknown];
    heard.abort();
    return message;
  }
}
