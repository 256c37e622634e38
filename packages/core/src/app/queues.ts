import { exchange, type Queue, queue } from '@ctq/messaging';
import type { Settings } from '../config/settings.js';

/**
 * The queue of a name as Celery declares it: the default queue with the default exchange and routing key, any other bound to an exchange of its own
 * name (celery 5.6 app/amqp.py, Queues).
 */
export function describeQueue(settings: Settings, name: string): Queue {
  if (name !== settings.taskDefaultQueue) return queue(name, { exchange: exchange(name), routingKey: name });
  return queue(name, {
    exchange: exchange(settings.taskDefaultExchange, { type: settings.taskDefaultExchangeType }),
    routingKey: settings.taskDefaultRoutingKey,
  });
}
