import type { TopologyRole } from '../store/queue-store.js';
import type { BindingDeclaration, ExchangeDeclaration, QueueDeclaration } from '../transport/channel.js';

/**
 * Topology in this process's memory: of one connection where the store shares none (as in Kombu's virtual transports), or of one memory
 * broker.
 */
export class LocalTopology implements TopologyRole {
  readonly #exchanges = new Map<string, ExchangeDeclaration>();
  readonly #queues = new Map<string, QueueDeclaration>();
  readonly #bindings = new Map<string, Map<string, BindingDeclaration>>();

  async saveExchange(exchange: ExchangeDeclaration): Promise<void> {
    this.#exchanges.set(exchange.name, exchange);
  }

  async findExchange(name: string): Promise<ExchangeDeclaration | undefined> {
    return this.#exchanges.get(name);
  }

  async deleteExchange(name: string): Promise<void> {
    this.#exchanges.delete(name);
    this.#bindings.delete(name);
  }

  async saveQueue(queue: QueueDeclaration): Promise<void> {
    this.#queues.set(queue.name, queue);
  }

  async findQueue(name: string): Promise<QueueDeclaration | undefined> {
    return this.#queues.get(name);
  }

  /** Every queue that is declared. */
  get queues(): readonly QueueDeclaration[] {
    return [...this.#queues.values()];
  }

  async deleteQueue(name: string): Promise<void> {
    this.#queues.delete(name);
    for (const bindings of this.#bindings.values()) {
      for (const [key, binding] of bindings) {
        if (binding.queue === name) bindings.delete(key);
      }
    }
  }

  async saveBinding(binding: BindingDeclaration): Promise<void> {
    const { exchange } = binding;
    const bindings = this.#bindings.get(exchange) ?? new Map<string, BindingDeclaration>();
    this.#bindings.set(exchange, bindings.set(keyOf(binding), binding));
  }

  async deleteBinding(binding: BindingDeclaration): Promise<void> {
    this.#bindings.get(binding.exchange)?.delete(keyOf(binding));
  }

  async bindings(exchange: string): Promise<readonly BindingDeclaration[]> {
    return [...(this.#bindings.get(exchange)?.values() ?? [])];
  }
}

/** Two bindings are the same when they join the same queue by the same key; arguments mean nothing to direct, topic and fanout. */
function keyOf({ queue, routingKey }: BindingDeclaration): string {
  return JSON.stringify([queue, routingKey]);
}
