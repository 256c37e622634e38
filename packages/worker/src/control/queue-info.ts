import type { Exchange, Queue } from '@ctq/messaging';
import { plainValue } from './plain-value.js';

/** A queue as Kombu describes it (kombu 5.6 entity.py, Queue.attrs and as_dict). Its limits stand among its arguments too, where brokers have them. */
export function queueInfo(queue: Queue): Readonly<Record<string, unknown>> {
  const { arguments: given } = queue;
  return {
    name: queue.name,
    exchange: exchangeInfo(queue.exchange),
    routing_key: queue.routingKey,
    queue_arguments: argumentsInfo(given),
    binding_arguments: argumentsInfo(queue.bindingArguments),
    consumer_arguments: argumentsInfo(queue.consumerArguments),
    durable: queue.durable,
    exclusive: queue.exclusive,
    auto_delete: queue.autoDelete,
    no_ack: queue.noAck,
    alias: queue.alias ?? null,
    bindings: queue.bindings.map((bound) => ({
      exchange: exchangeInfo(bound.exchange),
      routing_key: bound.routingKey,
      arguments: argumentsInfo(bound.arguments),
    })),
    no_declare: queue.noDeclare ? true : null,
    expires: secondsOf(given['x-expires']),
    message_ttl: secondsOf(given['x-message-ttl']),
    max_length: plainValue(given['x-max-length']),
    max_length_bytes: plainValue(given['x-max-length-bytes']),
    max_priority: plainValue(given['x-max-priority']),
  };
}

/** kombu 5.6 entity.py, Exchange.attrs. */
function exchangeInfo(exchange: Exchange): Readonly<Record<string, unknown>> {
  const { name, type, durable, passive, autoDelete, deliveryMode, noDeclare } = exchange;
  return {
    ...{ name, type, arguments: argumentsInfo(exchange.arguments), durable, passive },
    auto_delete: autoDelete,
    delivery_mode: deliveryMode ?? null,
    no_declare: noDeclare,
  };
}

function argumentsInfo(given: Readonly<Record<string, unknown>>): unknown {
  return Object.keys(given).length === 0 ? null : plainValue(given);
}

/** In milliseconds on the wire. */
function secondsOf(ms: unknown): number | null {
  return typeof ms === 'number' ? ms / 1_000 : null;
}
