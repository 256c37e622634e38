import type { Queue } from '../entities/queue.js';

/** The same for descriptions that declare the same: queues that are described anew for each message are declared once. */
export function declarationKey(queue: Queue): string {
  const { name, exchange, routingKey, bindings, durable, exclusive, autoDelete, noDeclare } = queue;
  const given = [exchange, routingKey, bindings, durable, exclusive, autoDelete, noDeclare];
  return JSON.stringify([name, ...given, queue.arguments, queue.bindingArguments], (_, value: unknown) =>
    typeof value === 'bigint' ? `${value}n` : value,
  );
}
