import type { TopologyRole } from '@ctq/messaging/store';
import type { BindingDeclaration, ExchangeDeclaration, QueueDeclaration } from '@ctq/messaging/transport';

/** Optional: with it all connections see the same exchanges, queues and bindings, so that broadcasts reach the queues of other processes. */
export class TableTopology implements TopologyRole {
  readonly #exchanges = new Map<string, ExchangeDeclaration>();
  readonly #queues = new Map<string, QueueDeclaration>();
  #bindings: readonly BindingDeclaration[] = [];

  async saveExchange(exchange: ExchangeDeclaration): Promise<void> {
    this.#exchanges.set(exchange.name, exchange);
  }

  async findExchange(name: string): Promise<ExchangeDeclaration | undefined> {
    return this.#exchanges.get(name);
  }

  async deleteExchange(name: string): Promise<void> {
    this.#exchanges.delete(name);
    this.#bindings = this.#bindings.filter(({ exchange }) => exchange !== name);
  }

  async saveQueue(queue: QueueDeclaration): Promise<void> {
    this.#queues.set(queue.name, queue);
  }

  async findQueue(name: string): Promise<QueueDeclaration | undefined> {
    return this.#queues.get(name);
  }

  async deleteQueue(name: string): Promise<void> {
    this.#queues.delete(name);
    this.#bindings = this.#bindings.filter(({ queue }) => queue !== name);
  }

  async saveBinding(binding: BindingDeclaration): Promise<void> {
    await this.deleteBinding(binding);
    this.#bindings = [...this.#bindings, binding];
  }

  async deleteBinding(binding: BindingDeclaration): Promise<void> {
    this.#bindings = this.#bindings.filter((one) => !isSame(one, binding));
  }

  async bindings(exchange: string): Promise<readonly BindingDeclaration[]> {
    return this.#bindings.filter((one) => one.exchange === exchange);
  }
}

function isSame(one: BindingDeclaration, other: BindingDeclaration): boolean {
  return one.exchange === other.exchange && one.queue === other.queue && one.routingKey === other.routingKey;
}
