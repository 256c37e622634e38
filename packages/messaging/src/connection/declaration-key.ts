import type { Queue } from '../entities/queue.js';
import type { Declarable } from '../entities/declare.js';

/** The same for descriptions that declare the same: queues that are described anew for each message are declared once. */
export function declarationKey(entity: Declarable): string {
  return JSON.stringify('exchange' in entity ? ofQueue(entity) : [entity], (_, value: unknown) =>
    typeof value === 'bigint' ? `${value}n` : value,
  );
}

function ofQueue(queue: Queue): readonly unknown[] {
  const { name, exchange, routingKey, bindings, durable, exclusive, autoDelete, noDeclare } = queue;
  const given = [exchange, routingKey, bindings, durable, exclusive, autoDelete, noDeclare];
  return [name, ...given, queue.arguments, queue.bindingArguments];
}
