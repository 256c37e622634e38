import { BackendConnectionError } from '@ctq/core/backend';
import { connectRedis, disconnectRedis, maskedUrl, parseRedisUrl, Subscriber } from '@ctq/redis';
import type { Redis } from 'ioredis';
import { backendError } from './backend-errors.js';
import type { RedisBackendConfig } from './redis-backend-options.js';

/** How often the connection that listens is asked whether it is there, when it heard nothing; only where somebody waits for results is there one. */
const probeEveryMs = 10_000;

/** The connections of one backend or store: one for commands, one for what is listened to. They come back by themselves when the server does. */
export class RedisConnection {
  readonly url: string;
  readonly #config: RedisBackendConfig;
  readonly #ending = new AbortController();
  readonly #subscriber: Subscriber;
  #client: Redis | undefined;

  constructor(config: RedisBackendConfig) {
    this.#config = config;
    this.url = maskedUrl(parseRedisUrl(config.url));
    this.#subscriber = new Subscriber(
      () => this.#connect('ctq-results-subscriber', this.#ending.signal, probeEveryMs),
      () => undefined,
    );
  }

  /** @throws BackendConnectionError. Aborting the signal rejects with its reason. */
  async open(signal: AbortSignal): Promise<void> {
    const client = await this.#connect('ctq-results', signal);
    if (this.#ending.signal.aborted) client.disconnect();
    else this.#client = client;
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.#ending.abort();
    await this.#subscriber.close();
    if (this.#client !== undefined) await disconnectRedis(this.#client);
  }

  read<T>(work: (client: Redis) => Promise<T>): Promise<T> {
    return this.#run('read', work);
  }

  write<T>(work: (client: Redis) => Promise<T>): Promise<T> {
    return this.#run('write', work);
  }

  /** Resolves when everything published to the channel from now on is told; with the function that ends it. */
  async listen(channel: string, listener: (channel: string) => void): Promise<() => Promise<void>> {
    try {
      return await this.#subscriber.listen(channel, listener);
    } catch (error) {
      throw backendError(error, 'read', this.url);
    }
  }

  async #run<T>(during: 'read' | 'write', work: (client: Redis) => Promise<T>): Promise<T> {
    const client = this.#client;
    if (client === undefined || this.#ending.signal.aborted) {
      const state = client === undefined ? 'is not open' : 'is closed';
      throw new BackendConnectionError(`The result backend ${this.url} ${state}.`, { recoverable: false });
    }
    try {
      return await work(client);
    } catch (error) {
      throw backendError(error, during, this.url);
    }
  }

  async #connect(name: string, signal: AbortSignal, probeMs?: number): Promise<Redis> {
    const { url, connectTimeoutMs } = this.#config;
    const probe = probeMs === undefined ? {} : { probeEveryMs: probeMs };
    try {
      return await connectRedis({ url, name, connectTimeoutMs, reconnects: true, ...probe }, signal);
    } catch (error) {
      if (signal.aborted) throw error;
      throw backendError(error, 'open', this.url);
    }
  }
}
