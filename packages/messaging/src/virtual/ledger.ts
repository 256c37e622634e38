import type { Batcher } from '@ctq/runtime';
import { ChannelClosedError, NotSupportedError } from '../errors.js';
import type { LeaseClock } from '../lease/lease-clock.js';
import type { HeldMessage, QueueStore, Settlement } from '../store/queue-store.js';
import { type SettlementDesk, VirtualDelivery } from './settlement.js';

/**
 * The unsettled deliveries of one channel: what prefetch counts, what closing gives back.
 */
export class Ledger implements SettlementDesk {
  readonly #store: QueueStore;
  readonly #settlements: Batcher<Settlement>;
  readonly #leases: LeaseClock | undefined;
  readonly #unsettled = new Set<VirtualDelivery>();
  #onCredit: () => void = () => undefined;
  #prefetch = 0;
  #creditTaken = 0;
  #isClosed = false;

  constructor(store: QueueStore, settlements: Batcher<Settlement>, leases: LeaseClock | undefined) {
    this.#store = store;
    this.#settlements = settlements;
    this.#leases = leases;
  }

  /** Called when a settlement or a larger prefetch made room. */
  set onCredit(listener: () => void) {
    this.#onCredit = listener;
  }

  /** 0 is no limit. */
  get prefetch(): number {
    return this.#prefetch;
  }

  set prefetch(count: number) {
    this.#prefetch = count;
    this.#onCredit();
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** How many more deliveries the consumers may be given, at most `limit`. */
  credit(limit: number): number {
    return this.#prefetch === 0 ? limit : Math.min(limit, this.#prefetch - this.#creditTaken);
  }

  /** Books a message that is about to be delivered. */
  book(held: HeldMessage, takesCredit: boolean): VirtualDelivery {
    const leases = this.#leases;
    const delivery = new VirtualDelivery(held, this, takesCredit, leases === undefined ? 0 : leases.generation);
    this.#unsettled.add(delivery);
    if (takesCredit) this.#creditTaken += 1;
    return delivery;
  }

  /** Settles a message that is not delivered at all (expired, or its consumer is gone). */
  dismiss(settlement: Settlement): Promise<void> {
    this.#leases?.release();
    return this.#settlements.add(settlement);
  }

  settle(delivery: VirtualDelivery, settlement: Settlement): Promise<void> {
    if (this.#isClosed) return Promise.reject(givenBack(delivery));
    this.#unsettled.delete(delivery);
    this.#leases?.release();
    const settled = this.#settlements.add(settlement);
    if (delivery.takesCredit) {
      this.#creditTaken -= 1;
      this.#onCredit();
    }
    return settled;
  }

  refusePark(): Promise<never> | undefined {
    if (this.#store.supports.delay) return undefined;
    return Promise.reject(
      new NotSupportedError(`${this.#store.name} cannot park a message until a due time (supports.delay).`),
    );
  }

  isHeld(delivery: VirtualDelivery): boolean | Promise<boolean> {
    if (this.#isClosed) return false;
    return this.#leases === undefined || this.#leases.isHeld(delivery);
  }

  /** Returns what is unsettled to the front of its queues, uncharged, in its old order. Nothing can be settled afterwards. */
  async giveBack(): Promise<void> {
    const settled = this.close()
      .reverse()
      .map(({ tag }) => this.dismiss({ kind: 'release', tag, position: 'front', charged: false }));
    await Promise.all(settled);
  }

  /** The connection is lost: what is unsettled is the lease's to bring back. */
  close(): VirtualDelivery[] {
    const unsettled = [...this.#unsettled];
    this.#isClosed = true;
    this.#unsettled.clear();
    return unsettled;
  }
}

function givenBack({ queue, tag }: VirtualDelivery): ChannelClosedError {
  return new ChannelClosedError(
    `The channel of delivery ${tag} (queue ${queue}) has ended; the message is delivered again.`,
    {
      details: { queue, tag },
    },
  );
}
