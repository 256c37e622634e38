import type { Delivery } from '../transport/delivery.js';

/** Somebody who consumes from a queue. */
export interface RingConsumer {
  readonly queue: string;
  /** It wants expired messages too. */
  readonly includeExpired: boolean;
  readonly onDelivery: (delivery: Delivery) => void;
}

/** `round-robin`: queues take turns. `given`: the first of them always goes first. `sorted`: the first by name does (Kombu's `sorted_cycle`). */
export type QueueOrder = 'round-robin' | 'given' | 'sorted';

/**
 * The queues of a channel's consumers in the order in which they are looked at next, and whose turn it is in each.
 *
 * Kombu's round robin (kombu 5.6 utils/scheduling.py, round_robin_cycle): a queue that gave something goes to the end.
 */
export class QueueRing {
  #order: readonly string[] = [];
  readonly #consumers = new Map<string, RingConsumer[]>();
  readonly #kind: QueueOrder;

  constructor(kind: QueueOrder) {
    this.#kind = kind;
  }

  get order(): readonly string[] {
    return this.#order;
  }

  get isEmpty(): boolean {
    return this.#order.length === 0;
  }

  add(consumer: RingConsumer): void {
    const consumers = this.#consumers.get(consumer.queue);
    if (consumers === undefined) {
      this.#consumers.set(consumer.queue, [consumer]);
      const order = [...this.#order, consumer.queue];
      this.#order = this.#kind === 'sorted' ? order.sort() : order;
    } else consumers.push(consumer);
  }

  remove(consumer: RingConsumer): void {
    const left = this.#consumers.get(consumer.queue)?.filter((other) => other !== consumer) ?? [];
    if (left.length > 0) {
      this.#consumers.set(consumer.queue, left);
      return;
    }
    this.#consumers.delete(consumer.queue);
    this.#order = this.#order.filter((name) => name !== consumer.queue);
  }

  clear(): void {
    this.#consumers.clear();
    this.#order = [];
  }

  /** Whose turn it is; undefined when nobody consumes from the queue any more. */
  next(queue: string): RingConsumer | undefined {
    const consumers = this.#consumers.get(queue);
    if (consumers === undefined || consumers.length === 1) return consumers?.[0];
    const consumer = consumers.shift();
    if (consumer !== undefined) consumers.push(consumer);
    return consumer;
  }

  /** To be called with what was taken, so that the queues it came from go to the end. */
  rotate(taken: readonly { readonly queue: string }[]): void {
    if (this.#kind !== 'round-robin' || this.#order.length < 2 || taken.length === 0) return;
    const hit = new Set<string>();
    for (const { queue } of taken) hit.add(queue);
    if (hit.size === this.#order.length) return;
    this.#order = [...this.#order.filter((name) => !hit.has(name)), ...this.#order.filter((name) => hit.has(name))];
  }
}
