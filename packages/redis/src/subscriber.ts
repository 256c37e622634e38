import { backoffMs, type Clock } from '@ctq/runtime';
import type { Redis } from 'ioredis';
import { disconnectRedis } from './connect.js';

type Listener = (channel: string, message: string) => void;

/** What is listened to, by whom. */
interface Subscription {
  readonly listeners: Set<Listener>;
  /** Resolves when the server has confirmed it. */
  readonly confirmed: Promise<void>;
}

export interface SubscriberOptions {
  /** The signal is aborted when it is closed. */
  readonly connect: (signal: AbortSignal) => Promise<Redis>;
  /** The connection has ended. */
  readonly onLost?: () => void;
  /** Given: the connection is made again and again when it is lost, and everything is listened to again. */
  readonly reconnects?: { readonly clock: Clock };
  /** It listens again after the connection was lost: what was published meanwhile was told to nobody. */
  readonly onResumed?: () => void;
}

/** A second connection, opened when something is to be listened to: what listens can send no other commands. */
export class Subscriber {
  readonly #options: SubscriberOptions;
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #closing = new AbortController();
  #opening: Promise<Redis> | undefined;
  #id = 0;

  constructor(options: SubscriberOptions) {
    this.#options = options;
  }

  /** The number by which the server knows the connection. */
  async clientId(): Promise<number> {
    await this.#client();
    return this.#id;
  }

  /** Resolves when everything published to a channel of the pattern from now on is told; with the function that ends it. */
  async listen(pattern: string, listener: Listener): Promise<() => Promise<void>> {
    const client = await this.#client();
    let subscription = this.#subscriptions.get(pattern);
    if (subscription === undefined) {
      subscription = { listeners: new Set(), confirmed: subscribe(client, [pattern]) };
      this.#subscriptions.set(pattern, subscription);
    }
    const { listeners, confirmed } = subscription;
    listeners.add(listener);
    try {
      await confirmed;
    } catch (error) {
      // The next one asks again.
      if (this.#subscriptions.get(pattern) === subscription) this.#subscriptions.delete(pattern);
      throw error;
    }
    return async () => {
      listeners.delete(listener);
      if (listeners.size > 0 || this.#subscriptions.get(pattern) !== subscription) return;
      this.#subscriptions.delete(pattern);
      const current = await this.#opening?.catch(() => undefined);
      // Somebody may listen again by now, or the connection be gone, and the subscription with it.
      if (current?.status !== 'ready' || this.#subscriptions.has(pattern)) return;
      await (isGlob(pattern) ? current.punsubscribe(pattern) : current.unsubscribe(pattern));
    };
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#subscriptions.clear();
    const client = await this.#opening?.catch(() => undefined);
    if (client !== undefined) await disconnectRedis(client);
  }

  #client(): Promise<Redis> {
    if (this.#closing.signal.aborted) return Promise.reject(new Error('Connection is closed.'));
    this.#opening ??= this.#open();
    return this.#opening;
  }

  async #open(): Promise<Redis> {
    let client: Redis | undefined;
    try {
      client = await this.#options.connect(this.#closing.signal);
      // Asked before it listens: it may send nothing else afterwards.
      this.#id = await client.client('ID');
      client.on('message', (channel: string, message: string) => this.#tell(channel, channel, message));
      client.on('pmessage', (pattern: string, channel: string, message: string) =>
        this.#tell(pattern, channel, message),
      );
      client.once('end', () => this.#lose());
      // What was listened to on the connection before.
      await subscribe(client, [...this.#subscriptions.keys()]);
      if (this.#closing.signal.aborted) client.disconnect();
      return client;
    } catch (error) {
      this.#opening = undefined;
      client?.disconnect();
      throw error;
    }
  }

  #lose(): void {
    this.#opening = undefined;
    this.#options.onLost?.();
    if (this.#options.reconnects !== undefined) void this.#openAgain(this.#options.reconnects.clock);
  }

  async #openAgain(clock: Clock): Promise<void> {
    for (let attempt = 0; this.#subscriptions.size > 0 && !this.#closing.signal.aborted; attempt += 1) {
      try {
        await this.#client();
        this.#options.onResumed?.();
        return;
      } catch {
        await clock
          .sleep(backoffMs(attempt, { firstMs: 50, maxMs: 2_000 }), this.#closing.signal)
          .catch(() => undefined);
      }
    }
  }

  #tell(pattern: string, channel: string, message: string): void {
    for (const listener of this.#subscriptions.get(pattern)?.listeners ?? []) listener(channel, message);
  }
}

async function subscribe(client: Redis, patterns: readonly string[]): Promise<void> {
  const globs = patterns.filter(isGlob);
  const channels = patterns.filter((pattern) => !isGlob(pattern));
  await Promise.all([
    globs.length === 0 ? undefined : client.psubscribe(...globs),
    channels.length === 0 ? undefined : client.subscribe(...channels),
  ]);
}

function isGlob(pattern: string): boolean {
  return /[*?[]/.test(pattern);
}
