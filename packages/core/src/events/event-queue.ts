import { type Queue, queue } from '@ctq/messaging';
import { ConfigurationError, type Duration } from '@ctq/runtime';
import type { Settings } from '../config/settings.js';
import { eventExchange } from './event.js';

/** What a receiver's queue is like; the settings say it, where nothing is given. */
export interface EventQueueOptions {
  /** Default `celeryev`. */
  readonly queuePrefix?: string;
  /** How long an event waits there. */
  readonly queueTtl?: Duration;
  /** How long it lives without a consumer. */
  readonly queueExpires?: Duration;
  readonly queueExclusive?: boolean;
  readonly queueDurable?: boolean;
  /** Which events: a pattern over their types with dots for dashes, such as `task.#`. Events that workers send many at a time come as `task.multi`. Default all, `#`. */
  readonly routingKey?: string;
}

/**
 * The queue of one receiver (celery 5.6 events/receiver.py, EventReceiver.__init__).
 * @throws ConfigurationError for one that is to survive the connection that it belongs to.
 */
export function eventQueue(id: string, settings: Settings, transport: string, options: EventQueueOptions): Queue {
  const {
    queuePrefix = settings.eventQueuePrefix,
    queueTtl = settings.eventQueueTtl,
    queueExpires = settings.eventQueueExpires,
    queueExclusive = settings.eventQueueExclusive,
    queueDurable = settings.eventQueueDurable,
    routingKey = '#',
  } = options;
  if (queueExclusive && queueDurable)
    throw new ConfigurationError(
      'CTQ_INVALID_SETTINGS',
      'Event queues cannot be both exclusive and durable: an exclusive queue goes with its connection. Set eventQueueExclusive or eventQueueDurable to false.',
    );
  return queue(`${queuePrefix}.${id}`, {
    exchange: eventExchange(settings.eventExchange, transport),
    routingKey,
    durable: queueDurable,
    exclusive: queueExclusive,
    autoDelete: !queueDurable,
    messageTtl: queueTtl,
    expires: queueExpires,
  });
}
