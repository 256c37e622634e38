import type { Topology } from '@ctq/messaging/transport';
import type { Channel } from 'amqplib';
import { toFieldTable } from './field-table.js';

/** Bits of the delay in seconds, one level for each (kombu 5.6 transport/native_delayed_delivery.py, MAX_NUMBER_OF_BITS_TO_USE). */
const levels = 28;

/** The longest delay in seconds: eight and a half years. */
export const longestDelaySeconds: number = 2 ** levels - 1;

export interface DelayedTopologyOptions {
  readonly queueType: 'quorum' | 'classic';
  /** Before all names, with a `_`. */
  readonly prefix: string;
}

/** Names of Kombu's exchanges and queues for messages that are not due (kombu 5.6 transport/native_delayed_delivery.py, level_name). */
export class DelayedNames {
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix === '' ? '' : `${prefix}_`;
  }

  /** Where messages come out. */
  get delivery(): string {
    return `${this.#prefix}celery_delayed_delivery`;
  }

  /** Where they go in. */
  get entrance(): string {
    return this.level(levels - 1);
  }

  /** Exchange and queue. */
  level(level: number): string {
    return `${this.#prefix}celery_delayed_${level}`;
  }

  /** Whether a message comes by it that was delayed: the broker names the exchange that it went to behind its last queue, which is that of the next level. */
  isExchange(name: string): boolean {
    if (!name.startsWith(`${this.#prefix}celery_delayed_`)) return false;
    return name === this.delivery || /^\d+$/.test(name.slice(this.level(0).length - 1));
  }
}

/**
 * The key by which a message is delayed: a word for each bit, the largest first, and then the key by which it is delivered.
 * @param seconds whole, from 1 to `longestDelaySeconds`
 */
export function delayedKey(seconds: number, routingKey: string): string {
  return `${seconds.toString(2).padStart(levels, '0').split('').join('.')}.${routingKey}`;
}

/**
 * Binds what is delivered by a key, and nothing else: a word for each bit. Celery's own form is `#.<key>`, by which `celery` is also given what was meant for `foo.celery`.
 */
export function deliveredBy(routingKey: string): string {
  return `${'*.'.repeat(levels)}${routingKey}`;
}

/** The key without its bits; undefined for one that has none. */
export function keyBehindBits(routingKey: string): string | undefined {
  return new RegExp(`^(?:[01]\\.){${levels}}(.*)$`, 's').exec(routingKey)?.[1];
}

/**
 * Declares what delays messages: a message waits in the queue of each of its bits that is set, 2^level seconds each, and goes to the next level when it expires there
 * (kombu 5.6 transport/native_delayed_delivery.py, declare_native_delayed_delivery_exchanges_and_queues; the same flags and arguments, or RabbitMQ would refuse them to one of both).
 */
export async function declareDelayedTopology(
  topology: Topology,
  channel: Channel,
  { queueType, prefix }: DelayedTopologyOptions,
): Promise<void> {
  const names = new DelayedNames(prefix);
  const exchange = { type: 'topic', durable: true, autoDelete: false } as const;
  await topology.declareExchange({ ...exchange, name: names.delivery });
  for (let level = 0; level < levels; level += 1) {
    const name = names.level(level);
    const next = level === 0 ? names.delivery : names.level(level - 1);
    const bits = '*.'.repeat(levels - 1 - level);
    await topology.declareExchange({ ...exchange, name });
    await topology.declareQueue({
      name,
      durable: true,
      exclusive: false,
      autoDelete: false,
      arguments: {
        'x-queue-type': queueType,
        'x-overflow': 'reject-publish',
        'x-message-ttl': 2 ** level * 1_000,
        'x-dead-letter-exchange': next,
        ...(queueType === 'quorum' ? { 'x-dead-letter-strategy': 'at-least-once' } : {}),
      },
    });
    await topology.bindQueue({ queue: name, exchange: name, routingKey: `${bits}1.#` });
    await channel.bindExchange(next, name, `${bits}0.#`, toFieldTable({}));
  }
}
