import { type Clock, type Deferred, deferred } from '@ctq/runtime';
import type { NodeReply } from './mailbox-message.js';
import { type ReplyTimeout, type ReplyWait, replyWait } from './reply-wait.js';

export interface CollectOptions {
  readonly timeoutMs: ReplyTimeout;
  /** It ends with so many replies. */
  readonly limit?: number | undefined;
  /** Told of each reply as it comes. What it throws ends the waiting. */
  readonly onReply?: ((reply: NodeReply) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Gathers the replies to one request. */
export class ReplyCollector {
  readonly #options: CollectOptions;
  readonly #wait: ReplyWait;
  readonly #replies: NodeReply[] = [];
  readonly #done: Deferred<readonly NodeReply[]> = deferred();
  readonly #onAbort = (): void => this.fail(this.#options.signal?.reason);
  #isOver = false;

  constructor(clock: Clock, options: CollectOptions) {
    this.#options = options;
    this.#wait = replyWait(clock, options.timeoutMs, () => this.#end());
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
    if (!this.#isOver) this.#wait.begin();
  }

  add(reply: NodeReply): void {
    if (this.#isOver) return;
    const { limit = Number.POSITIVE_INFINITY, onReply } = this.#options;
    this.#replies.push(reply);
    try {
      onReply?.(reply);
    } catch (error) {
      this.fail(error);
      return;
    }
    if (this.#replies.length >= limit) this.#end();
    else this.#wait.heard(reply.node);
  }

  /** Idempotent. */
  fail(reason: unknown): void {
    this.#forget();
    this.#done.reject(reason);
  }

  #end(): void {
    this.#forget();
    this.#done.resolve(this.#replies);
  }

  #forget(): void {
    this.#isOver = true;
    this.#wait.cancel();
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
  }
}
