import { type Clock, type Deferred, deferred, type Timer } from '@ctq/runtime';
import type { NodeReply } from './mailbox-message.js';

export interface CollectOptions {
  /** For each: it ends when so long nothing has come. */
  readonly timeoutMs: number;
  /** It ends with so many replies. */
  readonly limit?: number | undefined;
  readonly onReply?: ((reply: NodeReply) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Gathers the replies to one request. */
export class ReplyCollector {
  readonly #options: CollectOptions;
  readonly #clock: Clock;
  readonly #replies: NodeReply[] = [];
  readonly #done: Deferred<readonly NodeReply[]> = deferred();
  readonly #onAbort = (): void => this.fail(this.#options.signal?.reason);
  #timer: Timer | undefined;

  constructor(clock: Clock, options: CollectOptions) {
    this.#clock = clock;
    this.#options = options;
    const { signal } = options;
    // Whoever is told that it was aborted may be told before anybody waits.
    this.#done.promise.catch(() => undefined);
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (signal?.aborted === true) this.#onAbort();
  }

  /** In the order in which they have come. */
  get replies(): Promise<readonly NodeReply[]> {
    return this.#done.promise;
  }

  /** The request is on its way: from here on is waited. */
  begin(): void {
    this.#timer?.cancel();
    this.#timer = this.#clock.setTimer(() => this.#end(), this.#options.timeoutMs);
  }

  add(reply: NodeReply): void {
    const { limit = Number.POSITIVE_INFINITY, onReply } = this.#options;
    this.#replies.push(reply);
    try {
      onReply?.(reply);
    } catch (error) {
      this.fail(error);
      return;
    }
    if (this.#replies.length >= limit) this.#end();
    else if (this.#timer !== undefined) this.begin();
  }

  fail(reason: unknown): void {
    this.#forget();
    this.#done.reject(reason);
  }

  #end(): void {
    this.#forget();
    this.#done.resolve(this.#replies);
  }

  #forget(): void {
    this.#timer?.cancel();
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
  }
}
