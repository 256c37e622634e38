import type { Logger } from '@ctq/runtime';
import { toError } from '@ctq/runtime';
import type { QueueStore, TopologyRole } from '../store/queue-store.js';
import type { BindingDeclaration } from '../transport/channel.js';
import type { Delivery } from '../transport/delivery.js';
import { UnheldDelivery } from './settlement.js';

/**
 * Fan-out through the store's own publish/subscribe (`supports.fanout: 'role'`): while a queue is consumed from, what is published to
 * the fanout exchanges it is bound to goes straight to its consumer. Nothing is kept, so there is nothing to settle. Where the store
 * fans out through queues, this does nothing.
 */
export class FanoutListener {
  readonly #store: QueueStore;
  readonly #bound = new Map<string, BindingDeclaration[]>();
  readonly #logger: Logger;
  readonly #topology: TopologyRole;
  #deliveries = 0;

  constructor(store: QueueStore, topology: TopologyRole, logger: Logger) {
    this.#store = store;
    this.#topology = topology;
    this.#logger = logger;
  }

  /** A binding made through this connection: only its own queues are ever listened for. */
  bound(binding: BindingDeclaration): void {
    if (this.#store.fanout === undefined) return;
    const others = this.#bound.get(binding.queue)?.filter((other) => !isSame(other, binding)) ?? [];
    this.#bound.set(binding.queue, [...others, binding]);
  }

  unbound(binding: BindingDeclaration): void {
    const left = this.#bound.get(binding.queue)?.filter((other) => !isSame(other, binding)) ?? [];
    if (left.length > 0) this.#bound.set(binding.queue, left);
    else this.#bound.delete(binding.queue);
  }

  deleted(queue: string): void {
    this.#bound.delete(queue);
  }

  /** Resolves with the function that ends the listening. */
  async listen(queue: string, onDelivery: (delivery: Delivery) => void): Promise<() => Promise<void>> {
    const role = this.#store.fanout;
    const bindings = this.#bound.get(queue);
    if (role === undefined || bindings === undefined) return async () => undefined;
    const subscriptions = await Promise.all(
      [...(await this.#keysByFanout(bindings))].map(([exchange, keys]) =>
        role.subscribe(exchange, keys, (message, route) => {
          this.#deliveries += 1;
          try {
            onDelivery(new UnheldDelivery(message, queue, route, false, `fanout-${this.#deliveries}`));
          } catch (error) {
            this.#logger.error({ err: toError(error), queue }, 'A consumer threw; its delivery is lost');
          }
        }),
      ),
    );
    return async () => {
      await Promise.all(subscriptions.map((subscription) => subscription.close()));
    };
  }

  async #keysByFanout(bindings: readonly BindingDeclaration[]): Promise<Map<string, string[]>> {
    const keys = new Map<string, string[]>();
    for (const { exchange, routingKey } of bindings) {
      const declared = await this.#topology.findExchange(exchange);
      if (declared?.type !== 'fanout') continue;
      keys.set(exchange, [...(keys.get(exchange) ?? []), routingKey]);
    }
    return keys;
  }
}

function isSame(one: BindingDeclaration, other: BindingDeclaration): boolean {
  return one.exchange === other.exchange && one.routingKey === other.routingKey;
}
