import {
  BackendReadError,
  type ChordPart,
  type ChordProgress,
  type ChordRole,
  type ResultBackendContext,
} from '@ctq/core/backend';
import type { Redis } from 'ioredis';
import { addPartsScript } from './add-parts.js';
import { growChordScript, shrinkChordScript } from './grow-chord.js';
import { type AddedPart, type PartToAdd, PartWriter } from './part-writer.js';
import type { RedisConnection } from './redis-connection.js';
import type { WriteRetries } from './write-retries.js';

export interface RedisChordsOptions {
  readonly connection: RedisConnection;
  readonly context: () => ResultBackendContext;
  /** The key of a saved group, on which those of its chord are built. */
  readonly groupKey: (groupId: string) => string;
  /** Celery's `result_chord_ordered`: parts in a sorted set by their index, else in a list in the order in which they were finished. */
  readonly isOrdered: boolean;
  readonly retries: WriteRetries;
}

/**
 * Chords as Celery joins them on Redis (celery 5.6 backends/redis.py, on_chord_part_return and set_chord_size): the parts in a sorted set by their index, the size beside it.
 * Members of both languages count together. A part is in the set once, however often it is reported. Beside Celery's counter of added members stands a set of those
 * that ctq has added, so that one that is added again is counted once; Python's own additions are in the counter only.
 */
export class RedisChords implements ChordRole {
  readonly #options: RedisChordsOptions;
  readonly #parts = new PartWriter((groupId, parts) => this.#addParts(groupId, parts));

  constructor(options: RedisChordsOptions) {
    this.#options = options;
  }

  async openChord(groupId: string, size: number): Promise<void> {
    const { sizes } = this.#keys(groupId);
    const ttl = this.#ttlSeconds();
    await this.#write((client) => (ttl === undefined ? client.set(sizes, size) : client.set(sizes, size, 'EX', ttl)));
  }

  async growChord(groupId: string, taskId: string): Promise<boolean> {
    const { extra, added } = this.#keys(groupId);
    const ttl = this.#ttlSeconds() ?? 0;
    return (await this.#write((client) => growChordScript.run(client, [extra, added], [taskId, ttl]))) === 1;
  }

  async shrinkChord(groupId: string, taskId: string): Promise<void> {
    const { extra, added } = this.#keys(groupId);
    await this.#write((client) => shrinkChordScript.run(client, [extra, added], [taskId]));
  }

  async addPart(groupId: string, { taskId, index, state, result }: ChordPart): Promise<ChordProgress> {
    const { codec } = this.#options.context();
    const document = Buffer.from(codec.encodeValue([1, taskId, state, result]));
    const { written, extra, size } = await this.#parts.add(groupId, { index, document });
    if (size === null) return { count: written, size: undefined };
    const expected = Number(size) + Number(extra ?? 0);
    // A task that was executed twice may have reported two different results, and is one part all the same.
    const count = written < expected ? written : (await this.parts(groupId)).length;
    return { count, size: expected };
  }

  async #addParts(groupId: string, added: readonly PartToAdd[]): Promise<readonly AddedPart[]> {
    const { parts, extra, sizes } = this.#keys(groupId);
    const flag = this.#options.isOrdered ? 1 : 0;
    const documents = added.flatMap(({ index, document }) => [index === undefined ? '+inf' : String(index), document]);
    const args = [this.#ttlSeconds() ?? 0, flag, ...documents];
    const reply = await this.#write((client) => addPartsScript.run(client, [parts, extra, sizes], args));
    const [counts, more, size] = reply as [readonly number[], string | null, string | null];
    return counts.map((written) => ({ written, extra: more, size }));
  }

  async parts(groupId: string): Promise<readonly ChordPart[]> {
    const { parts } = this.#keys(groupId);
    const found = new Map<string, ChordPart>();
    for (const { document, index } of await this.#read(parts)) {
      const part = this.#part(groupId, document, index);
      if (!found.has(part.taskId)) found.set(part.taskId, part);
    }
    return [...found.values()];
  }

  async closeChord(groupId: string): Promise<void> {
    const { parts, extra, added, sizes } = this.#keys(groupId);
    await this.#write(async (client) => repliesOf(await client.multi().del(parts, extra, sizes).del(added).exec()));
  }

  #write<T>(work: (client: Redis) => Promise<T>): Promise<T> {
    return this.#options.retries.run(() => this.#options.connection.write(work));
  }

  /** As they are stored: by their index, or in the order in which they were finished. */
  async #read(parts: string): Promise<readonly { readonly document: Uint8Array; readonly index: number }[]> {
    const { connection, isOrdered } = this.#options;
    if (!isOrdered) {
      const documents = await connection.read((client) => client.lrangeBuffer(parts, 0, -1));
      return documents.map((document) => ({ document, index: Number.NaN }));
    }
    const reply = await connection.read((client) => client.zrangeBuffer(parts, '0', '-1', 'WITHSCORES'));
    const found: { readonly document: Uint8Array; readonly index: number }[] = [];
    for (let at = 0; at < reply.length; at += 2)
      found.push({ document: reply[at] ?? new Uint8Array(), index: Number(String(reply[at + 1])) });
    return found;
  }

  #part(groupId: string, document: Uint8Array, index: number): ChordPart {
    const value = this.#options.context().codec.decodeValue(document);
    if (!Array.isArray(value) || value.length !== 4)
      throw new BackendReadError(`What stands in the chord ${groupId} is not what Celery writes there.`, {
        recoverable: false,
      });
    const [, taskId, state, result] = value as [number, string, string, unknown];
    return { taskId, index: Number.isFinite(index) ? index : undefined, state, result };
  }

  #keys(groupId: string): Readonly<Record<'parts' | 'extra' | 'added' | 'sizes', string>> {
    const key = this.#options.groupKey(groupId);
    return { parts: `${key}.j`, extra: `${key}.t`, added: `${key}.ctq.added`, sizes: `${key}.s` };
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
