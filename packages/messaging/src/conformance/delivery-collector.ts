import type { Delivery } from '../transport/delivery.js';
import { textsOf } from './messages.js';
import { within } from './patience.js';

/** A consumer that keeps what it is given until the case asks for it. */
export class DeliveryCollector {
  readonly #patienceMs: number;
  readonly #waiting: Delivery[] = [];
  #onArrival: (() => void) | undefined;
  /** Everything that ever came, settled or not. */
  readonly all: Delivery[] = [];

  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  readonly onDelivery = (delivery: Delivery): void => {
    this.all.push(delivery);
    this.#waiting.push(delivery);
    this.#onArrival?.();
  };

  /** The next `count` deliveries, in the order in which they came. */
  async take(count: number): Promise<Delivery[]> {
    const arrived = new Promise<void>((resolve) => {
      this.#onArrival = () => {
        if (this.#waiting.length >= count) resolve();
      };
      this.#onArrival();
    });
    await within(this.#patienceMs, `${count} deliveries, got ${JSON.stringify(textsOf(this.#waiting))}`, arrived);
    return this.#waiting.splice(0, count);
  }

  async next(): Promise<Delivery> {
    const [delivery] = await this.take(1);
    if (delivery === undefined) throw new Error('No delivery.');
    return delivery;
  }
}
