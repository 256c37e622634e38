import type { Topology } from '../transport/channel.js';
import { type Exchange, exchangeDeclaration } from './exchange.js';
import { type Queue, queueDeclaration } from './queue.js';

/** Declares the exchange, unless somebody else does. */
export async function declareExchange(topology: Topology, exchange: Exchange): Promise<void> {
  if (!exchange.noDeclare) await topology.declareExchange(exchangeDeclaration(exchange));
}

/**
 * Declares what messages need to reach the queue, in Kombu's order (kombu 5.6 entity.py, Queue.declare): its exchange, itself, its
 * bindings. Resolves with its name, which the broker chose where the description has none.
 */
export async function declareQueue(topology: Topology, queue: Queue): Promise<string> {
  if (queue.noDeclare) return queue.name;
  await declareExchange(topology, queue.exchange);
  const info = await topology.declareQueue(queueDeclaration(queue));
  queue.onDeclared?.(info);
  const { name } = info;
  if (queue.exchange.name !== '') {
    const { exchange, routingKey, bindingArguments } = queue;
    await topology.bindQueue({ queue: name, exchange: exchange.name, routingKey, arguments: bindingArguments });
  }
  for (const { exchange, routingKey, arguments: given } of queue.bindings) {
    await declareExchange(topology, exchange);
    await topology.bindQueue({ queue: name, exchange: exchange.name, routingKey, arguments: given });
  }
  return name;
}

/** What a publish may need: a queue with its exchange and bindings, or an exchange alone. */
export type Declarable = Queue | Exchange;

export async function declareEntity(topology: Topology, entity: Declarable): Promise<void> {
  await (isQueue(entity) ? declareQueue(topology, entity) : declareExchange(topology, entity));
}

function isQueue(entity: Declarable): entity is Queue {
  return 'exchange' in entity;
}

/** Whether one declaration per connection is enough (kombu 5.6 entity.py, can_cache_declaration): not for queues that may vanish. */
export function staysDeclared(entity: Declarable): boolean {
  return !entity.autoDelete && entity.arguments['x-expires'] === undefined;
}
