import { BackendConnectionError, type KeyValueStoreContext } from '@ctq/core/backend';
import { disconnectRedis, refusalOf, Subscriber } from '@ctq/redis';
import { backoffMs, toError } from '@ctq/runtime';
import type { Redis } from 'ioredis';
import { backendError } from './backend-errors.js';
import type { RedisBackendConfig } from './redis-backend-options.js';

/** How often the connection that listens is asked whether it is there, when it heard nothing and somebody waits for results. */
const probeEveryMs = 10_000;

type OnMessage = (channel: string, message: string) => void;

/**
 * The connections of one backend or store: one for commands, one for what is listened to. A lost one is made again when the next command needs it, and
 * leads to where the server is by then.
 */
export class RedisConnection {
  readonly url: string;
  readonly #config: RedisBackendConfig;
  readonly #ending = new AbortController();
  readonly #onResumed = new Set<() => void>();
  #context: KeyValueStoreContext | undefined;
  #subscriber: Subscriber | undefined;
  /** What is used, or will be. */
  #current: Promise<Redis> | undefined;
  #live: Redis | undefined;
  #failures = 0;
  /** Channels on which somebody waits. */
  #urgent = 0;
  /** Why connections ended: commands under way are told only that they did. */
  readonly #reasons = new WeakMap<Redis, Error>();

  constructor(config: RedisBackendConfig) {
    this.#config = config;
    this.url = config.server.url;
  }

  /** @throws BackendConnectionError. Aborting the signal rejects with its reason. */
  async open(context: KeyValueStoreContext, signal: AbortSignal): Promise<void> {
    const { clock, logger } = context;
    const { server } = this.#config;
    const client = await this.#connected(server.connect({ role: 'results', clock, logger }, signal), signal);
    if (this.#ending.signal.aborted) return await disconnectRedis(client);
    this.#context = context;
    this.#use(client);
    const isProbed = (): boolean => this.#urgent > 0;
    const beside = { role: 'results-subscriber', clock, logger, probeEveryMs, isProbed };
    this.#subscriber = new Subscriber({
      connect: (closing) => this.#connected(server.connect(beside, closing), closing),
      reconnects: { clock },
      onResumed: () => {
        for (const listener of this.#onResumed) listener();
      },
    });
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.#ending.abort();
    await this.#subscriber?.close();
    const client = await this.#current?.catch(() => undefined);
    if (client !== undefined) await disconnectRedis(client);
  }

  read<T>(work: (client: Redis) => Promise<T>): Promise<T> {
    return this.#run('read', work);
  }

  write<T>(work: (client: Redis) => Promise<T>): Promise<T> {
    return this.#run('write', work);
  }

  /** Tells whenever it listens again after that connection was lost. Returns the function that ends the telling. */
  onResumed(listener: () => void): () => void {
    this.#onResumed.add(listener);
    return () => void this.#onResumed.delete(listener);
  }

  /**
   * Resolves when everything published to the channel from now on is told; with the function that ends it. Somebody waits for it: a connection that leads
   * nowhere is found out within seconds.
   */
  async listen(channel: string, listener: OnMessage): Promise<() => Promise<void>> {
    this.#urgent += 1;
    try {
      const end = await this.overhear(channel, listener);
      let hasEnded = false;
      return async () => {
        if (!hasEnded) this.#urgent -= 1;
        hasEnded = true;
        await end();
      };
    } catch (error) {
      this.#urgent -= 1;
      throw error;
    }
  }

  /** As `listen`, for those that look by themselves now and then: it costs no command while nothing is published. */
  async overhear(channel: string, listener: OnMessage): Promise<() => Promise<void>> {
    const { subscriber } = this.#opened();
    try {
      return await subscriber.listen(channel, listener);
    } catch (error) {
      throw backendError(error, 'read', this.url);
    }
  }

  async #run<T>(during: 'read' | 'write', work: (client: Redis) => Promise<T>): Promise<T> {
    this.#opened();
    try {
      return await this.#attempt(work);
    } catch (error) {
      if (!this.#config.retriesOnTimeout || !isTimeout(error)) throw backendError(error, during, this.url);
    }
    return await this.#attempt(work).catch((error: unknown) => {
      throw backendError(error, during, this.url);
    });
  }

  async #attempt<T>(work: (client: Redis) => Promise<T>): Promise<T> {
    const client = await this.#client();
    try {
      return await work(client);
    } catch (error) {
      // The next one looks for the server anew.
      if (refusalOf(toError(error)).isElsewhere) this.#leave(client);
      throw (client.status === 'ready' ? undefined : this.#reasons.get(client)) ?? error;
    }
  }

  #opened(): { readonly context: KeyValueStoreContext; readonly subscriber: Subscriber } {
    if (this.#context !== undefined && this.#subscriber !== undefined && !this.#ending.signal.aborted)
      return { context: this.#context, subscriber: this.#subscriber };
    const state = this.#context === undefined ? 'is not open' : 'is closed';
    throw new BackendConnectionError(`The result backend ${this.url} ${state}.`, { recoverable: false });
  }

  /** Everybody who comes while there is none shares one attempt, and its error. */
  #client(): Promise<Redis> {
    const live = this.#live;
    // It may be a while before it has ended.
    if (live !== undefined && live.status !== 'ready') this.#leave(live);
    this.#current ??= this.#connectAgain();
    return this.#current;
  }

  async #connectAgain(): Promise<Redis> {
    const { clock, logger } = this.#opened().context;
    const { signal } = this.#ending;
    try {
      if (this.#failures > 0) await clock.sleep(backoffMs(this.#failures - 1, { firstMs: 50, maxMs: 2_000 }), signal);
      const client = await this.#config.server.connect({ role: 'results', clock, logger }, signal);
      this.#failures = 0;
      this.#use(client);
      return client;
    } catch (error) {
      this.#failures += 1;
      this.#current = undefined;
      throw error;
    }
  }

  #use(client: Redis): void {
    this.#live = client;
    this.#current = Promise.resolve(client);
    client.on('error', (error: Error) => this.#reasons.set(client, error));
    client.once('end', () => this.#leave(client));
    // Closed while it was being made.
    if (this.#ending.signal.aborted) client.disconnect();
  }

  #leave(client: Redis): void {
    client.disconnect();
    if (this.#live !== client) return;
    this.#live = undefined;
    this.#current = undefined;
  }

  async #connected(connecting: Promise<Redis>, signal: AbortSignal): Promise<Redis> {
    try {
      return await connecting;
    } catch (error) {
      if (signal.aborted) throw error;
      throw backendError(error, 'open', this.url);
    }
  }
}

/** What ioredis says where nothing came for `socketTimeout`, or for a given client's `commandTimeout`. */
function isTimeout(error: unknown): boolean {
  return error instanceof Error && /^(?:Socket timeout|Command timed out)/.test(error.message);
}
