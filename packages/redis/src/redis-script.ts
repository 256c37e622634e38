import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';

type Argument = string | number | Buffer;

/** A script that the server keeps under its hash, and is sent once more when it was forgotten (restart, `SCRIPT FLUSH`). */
export class RedisScript {
  /** By which the server knows it. */
  readonly hash: string;
  readonly #source: string;

  constructor(source: string) {
    this.#source = source;
    this.hash = createHash('sha1').update(source).digest('hex');
  }

  async run(client: Redis, keys: readonly string[], args: readonly Argument[]): Promise<unknown> {
    try {
      return await client.evalsha(this.hash, keys.length, ...keys, ...args);
    } catch (error) {
      if (!isForgotten(error)) throw error;
      return client.eval(this.#source, keys.length, ...keys, ...args);
    }
  }

  /** With texts of the reply as bytes. */
  async runForBuffers(client: Redis, keys: readonly string[], args: readonly Argument[]): Promise<unknown> {
    try {
      return await client.callBuffer('EVALSHA', this.hash, keys.length, ...keys, ...args);
    } catch (error) {
      if (!isForgotten(error)) throw error;
      return client.callBuffer('EVAL', this.#source, keys.length, ...keys, ...args);
    }
  }
}

function isForgotten(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('NOSCRIPT');
}
