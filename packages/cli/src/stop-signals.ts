const signals = ['SIGINT', 'SIGTERM'] as const;

/** The end of a command that goes on until it is told to stop: by Ctrl+C, or a process manager. Told again, it ends at once. */
export class StopSignals implements Disposable {
  readonly #stopping = new AbortController();
  readonly #onSignal = (): void => {
    this[Symbol.dispose]();
    this.#stopping.abort();
  };
  /** Whoever read the lines has gone: `ctq events --dump | head`. Kept to the end: more may be written until then. */
  readonly #onOutputError = (error: NodeJS.ErrnoException): void => {
    if (error.code !== 'EPIPE') throw error;
    this.#stopping.abort();
  };

  constructor() {
    for (const signal of signals) process.on(signal, this.#onSignal);
    process.stdout.on('error', this.#onOutputError);
  }

  /** Aborted when it was told. */
  get stopped(): AbortSignal {
    return this.#stopping.signal;
  }

  [Symbol.dispose](): void {
    for (const signal of signals) process.off(signal, this.#onSignal);
  }
}
