import { Redis } from 'ioredis';

/** How long a task waits for its test, in seconds. */
const longestWait = 20;

/** Gates at which tasks of either language wait until the test opens them, in the Redis of a place (`wait_for` in `tasks.py`). */
export class Gates {
  readonly #url: string;
  readonly #admin: Redis;

  constructor(url: string) {
    this.#url = url;
    this.#admin = new Redis(url, { lazyConnect: true });
  }

  /** Empties the whole place. */
  async clear(): Promise<void> {
    await this.#admin.flushdb();
  }

  /** Lets a task go on that waits, or the next one that will. */
  async open(gate: string): Promise<void> {
    await this.#admin.rpush(`gate:${gate}`, 'open');
  }

  /** For tasks: resolves when the test opens the gate. */
  async waitFor(gate: string): Promise<void> {
    await this.#pop(`gate:${gate}`, `Nobody opened the gate ${gate}.`);
  }

  /** For tasks: leaves something for the test, as those in Python do. */
  async note(key: string, what: unknown): Promise<void> {
    await this.#admin.rpush(`noted:${key}`, JSON.stringify(what));
  }

  /** What a task left under a key, when it is there. */
  async noted(key: string): Promise<unknown> {
    return JSON.parse(await this.#pop(`noted:${key}`, `Nobody left anything under ${key}.`)) as unknown;
  }

  /** What is left under a key by now and was not read. */
  async unread(key: string): Promise<number> {
    return await this.#admin.llen(`noted:${key}`);
  }

  close(): void {
    this.#admin.disconnect();
  }

  /** Waiting occupies a connection. */
  async #pop(key: string, otherwise: string): Promise<string> {
    const client = new Redis(this.#url);
    try {
      const found = await client.blpop(key, longestWait);
      if (found === null) throw new Error(otherwise);
      return found[1];
    } finally {
      client.disconnect();
    }
  }
}
