import type { Duration } from '@ctq/runtime';
import { ConfigurationError } from '@ctq/runtime';
import { type Exchange, exchange } from '../entities/exchange.js';
import { type Queue, queue } from '../entities/queue.js';

export interface MailboxLayoutOptions {
  /** What the names begin with. Default `celery`. */
  readonly namespace?: string;
  /** How long a message waits in a queue. */
  readonly queueTtl?: Duration;
  /** How long a queue without a consumer lives. */
  readonly queueExpires?: Duration;
  readonly queueDurable?: boolean;
  readonly queueExclusive?: boolean;
}

/** The exchanges and queues of a mailbox (kombu 5.6 pidbox.py, Mailbox). */
export class MailboxLayout {
  readonly namespace: string;
  /** To all nodes. */
  readonly exchange: Exchange;
  readonly replyExchange: Exchange;
  readonly #options: MailboxLayoutOptions;

  /** @throws ConfigurationError for queues that are to survive the connection that they belong to. */
  constructor(options: MailboxLayoutOptions = {}) {
    const { namespace = 'celery', queueDurable = false, queueExclusive = false } = options;
    if (queueDurable && queueExclusive)
      throw new ConfigurationError(
        'CTQ_INVALID_SETTINGS',
        'Control queues cannot be both exclusive and durable: an exclusive queue goes with its connection. Set controlQueueExclusive or controlQueueDurable to false.',
      );
    this.#options = options;
    this.namespace = namespace;
    this.exchange = exchange(`${namespace}.pidbox`, { type: 'fanout', durable: false, deliveryMode: 1 });
    this.replyExchange = exchange(`reply.${namespace}.pidbox`, { type: 'direct', durable: false, deliveryMode: 1 });
  }

  /** Where a node gets its requests. @param onUsed told that somebody consumes from it already: another node has the same name */
  nodeQueue(node: string, onUsed: () => void): Queue {
    return queue(`${node}.${this.namespace}.pidbox`, {
      ...this.#queueOptions,
      exchange: this.exchange,
      onDeclared: ({ consumerCount }) => {
        if (consumerCount > 0) onUsed();
      },
    });
  }

  /** Where a client gets replies. @param id by which they find it */
  replyQueue(id: string): Queue {
    return queue(`${id}.${this.replyExchange.name}`, {
      ...this.#queueOptions,
      exchange: this.replyExchange,
      routingKey: id,
    });
  }

  get #queueOptions() {
    const { queueTtl, queueExpires, queueDurable = false, queueExclusive = false } = this.#options;
    return {
      durable: queueDurable,
      exclusive: queueExclusive,
      autoDelete: !queueDurable,
      ...(queueExpires === undefined ? {} : { expires: queueExpires }),
      ...(queueTtl === undefined ? {} : { messageTtl: queueTtl }),
    };
  }
}
