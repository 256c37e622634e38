import {
  BackendReadError,
  type ChordPart,
  type ChordProgress,
  type ChordRole,
  type ResultBackendContext,
} from '@ctq/core/backend';
import type { Redis } from 'ioredis';
import type { RedisConnection } from './redis-connection.js';

export interface RedisChordsOptions {
  readonly connection: RedisConnection;
  readonly context: () => ResultBackendContext;
  /** The key of a saved group, on which those of its chord are built. */
  readonly groupKey: (groupId: string) => string;
}

/**
 * Chords as Celery joins them on Redis (celery 5.6 backends/redis.py, on_chord_part_return and set_chord_size): the parts in a sorted set by their index, the size beside it.
 * Members of both languages count together. A part is in the set once, however often it is reported.
 */
export class RedisChords implements ChordRole {
  readonly #options: RedisChordsOptions;

  constructor(options: RedisChordsOptions) {
    this.#options = options;
  }

  async openChord(groupId: string, size: number): Promise<void> {
    const { sizes } = this.#keys(groupId);
    const ttl = this.#ttlSeconds();
    await this.#options.connection.write((client) =>
      ttl === undefined ? client.set(sizes, size) : client.set(sizes, size, 'EX', ttl),
    );
  }

  async addPart(groupId: string, { taskId, index, state, result }: ChordPart): Promise<ChordProgress> {
    const { parts, extra, sizes } = this.#keys(groupId);
    const { codec } = this.#options.context();
    const member = Buffer.from(codec.encodeValue([1, taskId, state, result]));
    const ttl = this.#ttlSeconds();
    const replies = await this.#options.connection.write(async (client) => {
      const multi = client
        .multi()
        .zadd(parts, index === undefined ? '+inf' : String(index), member)
        .zcount(parts, '-inf', '+inf')
        .get(extra)
        .get(sizes);
      if (ttl !== undefined) for (const key of [parts, extra, sizes]) multi.expire(key, ttl);
      return repliesOf(await multi.exec());
    });
    const [, count, more, size] = replies as [unknown, number, string | null, string | null];
    return { count, size: size === null ? undefined : Number(size) + Number(more ?? 0) };
  }

  async parts(groupId: string): Promise<readonly ChordPart[]> {
    const { parts } = this.#keys(groupId);
    const reply = await this.#options.connection.read((client) => client.zrangeBuffer(parts, '0', '-1', 'WITHSCORES'));
    const { codec } = this.#options.context();
    const found: ChordPart[] = [];
    for (let at = 0; at < reply.length; at += 2) {
      const document = codec.decodeValue(reply[at] ?? new Uint8Array());
      const index = Number(String(reply[at + 1]));
      if (!Array.isArray(document) || document.length !== 4)
        throw new BackendReadError(`What stands in the chord ${groupId} is not what Celery writes there.`, {
          recoverable: false,
        });
      const [, taskId, state, result] = document as [number, string, string, unknown];
      found.push({ taskId, index: Number.isFinite(index) ? index : undefined, state, result });
    }
    return found;
  }

  async closeChord(groupId: string): Promise<void> {
    const { parts, extra, sizes } = this.#keys(groupId);
    await this.#options.connection.write((client: Redis) => client.del(parts, extra, sizes));
  }

  #keys(groupId: string): { readonly parts: string; readonly extra: string; readonly sizes: string } {
    const key = this.#options.groupKey(groupId);
    return { parts: `${key}.j`, extra: `${key}.t`, sizes: `${key}.s` };
  }

  #ttlSeconds(): number | undefined {
    const { expiresMs } = this.#options.context();
    return expiresMs === undefined ? undefined : Math.max(1, Math.ceil(expiresMs / 1_000));
  }
}

function repliesOf(replies: [error: Error | null, result: unknown][] | null): readonly unknown[] {
  return (replies ?? []).map(([error, reply]) => {
    if (error !== null) throw error;
    return reply;
  });
}
