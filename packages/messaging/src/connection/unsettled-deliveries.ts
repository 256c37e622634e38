import type { Delivery } from '../transport/delivery.js';

/** Below this a list is not worth going through. */
const smallest = 16;

/**
 * The deliveries that a consumer has in hand. Settling tells nobody, so the list is gone through now and then: it is never longer than twice what was in
 * hand at the last look, and a delivery costs next to nothing.
 */
export class UnsettledDeliveries {
  #deliveries: Delivery[] = [];
  #lookAt = smallest;

  get count(): number {
    this.#look();
    return this.#deliveries.length;
  }

  add(delivery: Delivery): void {
    this.#deliveries.push(delivery);
    if (this.#deliveries.length >= this.#lookAt) this.#look();
  }

  /** Their channel has ended. */
  clear(): void {
    this.#deliveries = [];
    this.#lookAt = smallest;
  }

  #look(): void {
    this.#deliveries = this.#deliveries.filter(({ isSettled }) => !isSettled);
    this.#lookAt = Math.max(smallest, this.#deliveries.length * 2);
  }
}
