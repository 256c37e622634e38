import { type Deferred, deferred, ServiceStoppedError } from '@ctq/runtime';

/** What is the same in the life of every service here: one start, which a stop makes give up, and none after it. */
export class ServiceLife {
  readonly #name: string;
  readonly #failure: Deferred<Error> = deferred<Error>();
  readonly #giveUp = new AbortController();
  #starting: Promise<void> | undefined;
  #isReady = false;
  #isStopping = false;

  constructor(name: string) {
    this.#name = name;
  }

  get failed(): Promise<Error> {
    return this.#failure.promise;
  }

  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** @param work makes the service ready; it cleans up after itself when it rejects, and rejects when its signal is aborted. */
  async start(signal: AbortSignal, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    signal.throwIfAborted();
    if (this.#isStopping) throw new ServiceStoppedError(this.#name);
    this.#starting ??= work(AbortSignal.any([signal, this.#giveUp.signal])).then(() => {
      this.#isReady = true;
    });
    return await this.#starting;
  }

  /** To be called first by a stop. Resolves when no start is under way any more. */
  async stopping(): Promise<void> {
    this.#isStopping = true;
    if (!this.#isReady) this.#giveUp.abort(new ServiceStoppedError(this.#name));
    await this.#starting?.catch(() => undefined);
  }

  /** The service has died by itself; means nothing while it is stopped. */
  fail(error: Error): void {
    if (this.#isReady && !this.#isStopping) this.#failure.resolve(error);
  }
}
