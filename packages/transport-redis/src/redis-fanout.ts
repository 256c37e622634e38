import { type Message, decodeEnvelope, encodeEnvelope, type Route } from '@ctq/messaging';
import type { Broadcast, FanoutRole } from '@ctq/messaging/store';
import { randomUUID } from 'node:crypto';
import type { OpenStore } from './open-store.js';
import { execute } from './transaction.js';

export interface RedisFanoutOptions {
  readonly keyPrefix: string;
  /** With `{db}` filled in. */
  readonly channelPrefix: string;
  readonly usesPatterns: boolean;
  readonly bodyEncoding: 'base64' | 'utf-8';
}

/** Fan-out exchanges as channels (kombu 5.6 transport/redis.py, Channel._put_fanout and _get_publish_topic): nothing is kept for who does not listen. */
export class RedisFanout implements FanoutRole {
  readonly #store: () => OpenStore;
  readonly #options: RedisFanoutOptions;

  constructor(store: () => OpenStore, options: RedisFanoutOptions) {
    this.#store = store;
    this.#options = options;
  }

  async publish(broadcasts: readonly Broadcast[]): Promise<void> {
    const { bodyEncoding } = this.#options;
    await this.#store().run((client) => {
      const pipeline = client.pipeline();
      for (const { route, message } of broadcasts)
        pipeline.publish(
          this.#channel(route.exchange, route.routingKey),
          encodeEnvelope(message, route, randomUUID(), { bodyEncoding }),
        );
      return execute(pipeline);
    });
  }

  async subscribe(
    exchange: string,
    routingKeys: readonly string[],
    onMessage: (message: Message, route: Route) => void,
  ): Promise<{ close(): Promise<void> }> {
    const { subscriber, context } = this.#store();
    const onText = (_channel: string, text: string): void => {
      try {
        const { message, route } = decodeEnvelope(text);
        onMessage(message, route);
      } catch (error) {
        context.logger.warn({ err: error as Error, exchange }, 'Dropped what is no message from a fan-out channel');
      }
    };
    const patterns = new Set(routingKeys.map((key) => this.#channel(exchange, key.replaceAll('#', '*'))));
    const ends = await Promise.all([...patterns].map((pattern) => subscriber.listen(pattern, onText)));
    return {
      close: async () => {
        await Promise.all(ends.map((end) => end()));
      },
    };
  }

  #channel(exchange: string, routingKey: string): string {
    const { keyPrefix, channelPrefix, usesPatterns } = this.#options;
    const name = `${keyPrefix}${channelPrefix}${exchange}`;
    return usesPatterns && routingKey !== '' ? `${name}/${routingKey}` : name;
  }
}
