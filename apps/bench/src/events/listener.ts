import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

// Built, also where this runs from its source.
const program = fileURLToPath(new URL('../../dist/events/count-events.js', import.meta.url));

/** A process that hears all events, and counts them. */
export class Listener implements AsyncDisposable {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Resolves when it listens. */
  static async start(url: string): Promise<Listener> {
    const child = fork(program, { env: { ...process.env, CTQ_BROKER_URL: url, CTQ_RESULT_BACKEND: 'disabled://' } });
    const listener = new Listener(child);
    await listener.#said();
    return listener;
  }

  /** How many it has heard since it was asked last. */
  async count(): Promise<number> {
    this.#child.send('count');
    return Number(await this.#said());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.disconnect();
    await exited;
  }

  async #said(): Promise<unknown> {
    const heard = new AbortController();
    const died = once(this.#child, 'exit', { signal: heard.signal }).then(() => {
      throw new Error('The process that counts events ended before its time.');
    });
    died.catch(() => undefined);
    const [message] = (await Promise.race([once(this.#child, 'message'), died])) as [unknown];
    heard.abort();
    return message;
  }
}
