import { Redis } from 'ioredis';

export interface RedisReading {
  /** Bytes that its clients have sent to it, and it to them. */
  readonly toRedis: number;
  readonly fromRedis: number;
  readonly usedMiB: number;
  /** The most since it was started. */
  readonly peakMiB: number;
}

/** What a Redis server says of itself. */
export class RedisMeter implements AsyncDisposable {
  readonly #client: Redis;

  constructor(url: string) {
    this.#client = new Redis(url);
  }

  async read(): Promise<RedisReading> {
    const [stats, memory] = await Promise.all([this.#client.info('stats'), this.#client.info('memory')]);
    const field = (text: string, name: string): number =>
      Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(text)?.[1] ?? Number.NaN);
    return {
      toRedis: field(stats, 'total_net_input_bytes'),
      fromRedis: field(stats, 'total_net_output_bytes'),
      usedMiB: field(memory, 'used_memory') / 1_048_576,
      peakMiB: field(memory, 'used_memory_peak') / 1_048_576,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.quit();
  }
}
