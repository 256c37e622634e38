import type { Redis } from 'ioredis';

/** A second connection, opened when something is to be listened to: what listens can send no other commands. */
export class Subscriber {
  readonly #connect: () => Promise<Redis>;
  readonly #onLost: () => void;
  readonly #onResumed: () => void;
  readonly #listeners = new Map<string, Set<(channel: string, message: string) => void>>();
  #opening: Promise<Redis> | undefined;
  #id = 0;
  #isClosed = false;

  /** @param onResumed told when it listens again after the connection was lost: what was published meanwhile was told to nobody. */
  constructor(connect: () => Promise<Redis>, onLost: () => void, onResumed: () => void = () => undefined) {
    this.#connect = connect;
    this.#onLost = onLost;
    this.#onResumed = onResumed;
  }

  /** The number by which the server knows the connection. */
  async clientId(): Promise<number> {
    await this.#client();
    return this.#id;
  }

  /** Resolves when everything published to a channel of the pattern from now on is told; with the function that ends it. */
  async listen(pattern: string, listener: (channel: string, message: string) => void): Promise<() => Promise<void>> {
    const client = await this.#client();
    const listeners = this.#listeners.get(pattern) ?? new Set();
    const isFirst = listeners.size === 0;
    this.#listeners.set(pattern, listeners.add(listener));
    if (isFirst) {
      try {
        await (isGlob(pattern) ? client.psubscribe(pattern) : client.subscribe(pattern));
      } catch (error) {
        // The next one asks again.
        this.#listeners.delete(pattern);
        throw error;
      }
    }
    return async () => {
      listeners.delete(listener);
      if (listeners.size > 0 || this.#isClosed) return;
      this.#listeners.delete(pattern);
      await (isGlob(pattern) ? client.punsubscribe(pattern) : client.unsubscribe(pattern));
    };
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const client = await this.#opening?.catch(() => undefined);
    client?.disconnect();
  }

  #client(): Promise<Redis> {
    if (this.#isClosed) return Promise.reject(new Error('Connection is closed.'));
    this.#opening ??= this.#open();
    return this.#opening;
  }

  async #open(): Promise<Redis> {
    const client = await this.#connect();
    // Asked before it listens: it may send nothing else afterwards.
    this.#id = await client.client('ID');
    client.on('end', () => this.#onLost());
    // From the second connection on, where the client makes one.
    client.on('ready', () => void this.#listenAgain(client));
    client.on('message', (channel: string, message: string) => this.#tell(channel, channel, message));
    client.on('pmessage', (pattern: string, channel: string, message: string) => this.#tell(pattern, channel, message));
    if (this.#isClosed) client.disconnect();
    return client;
  }

  async #listenAgain(client: Redis): Promise<void> {
    const patterns = [...this.#listeners.keys()];
    const globs = patterns.filter(isGlob);
    const channels = patterns.filter((pattern) => !isGlob(pattern));
    try {
      if (globs.length > 0) await client.psubscribe(...globs);
      if (channels.length > 0) await client.subscribe(...channels);
      this.#onResumed();
    } catch {
      // Lost once more: the next connection listens again.
    }
  }

  #tell(pattern: string, channel: string, message: string): void {
    for (const listener of this.#listeners.get(pattern) ?? []) listener(channel, message);
  }
}

function isGlob(pattern: string): boolean {
  return /[*?[]/.test(pattern);
}
