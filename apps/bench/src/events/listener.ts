import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A process that hears all events, and says of them what it is asked for. */
export class Listener<Answer> implements AsyncDisposable {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Resolves when it listens. @param program built, also where this runs from its source */
  static async start<Answer>(program: URL, url: string): Promise<Listener<Answer>> {
    const child = fork(fileURLToPath(program), {
      env: { ...process.env, CTQ_BROKER_URL: url, CTQ_RESULT_BACKEND: 'disabled://' },
    });
    const listener = new Listener<Answer>(child);
    await listener.#said();
    return listener;
  }

  async ask(): Promise<Answer> {
    this.#child.send('say');
    return (await this.#said()) as Answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.disconnect();
    await exited;
  }

  async #said(): Promise<unknown> {
    const heard = new AbortController();
    const died = once(this.#child, 'exit', { signal: heard.signal }).then(() => {
      throw new Error('The process that listens to events ended before its time.');
    });
    died.catch(() => undefined);
    const [message] = (await Promise.race([once(this.#child, 'message'), died])) as [unknown];
    heard.abort();
    return message;
  }
}
