import { type Clock, type Logger, toError } from '@ctq/runtime';
import type { LeaseClock } from '../lease/lease-clock.js';
import type { HeldMessage, QueueStore } from '../store/queue-store.js';
import type { Delivery } from '../transport/delivery.js';
import type { Ledger } from './ledger.js';
import { type QueueOrder, QueueRing, type RingConsumer } from './queue-ring.js';
import { UnheldDelivery } from './settlement.js';

/** The most that one pop asks for: with unlimited prefetch, what is taken is also what a crash delays by a lease. */
const largestPop = 1_000;

/** Where calls overlap, the prefetch is taken in this many parts: while one is being delivered the next is on its way, and others are being settled. */
const partsOfPrefetch = 4;
/** A part is no smaller than this, lest the round trips be felt more than the waiting. */
const smallestPart = 25;

export interface IntakeOptions {
  readonly store: QueueStore;
  readonly ledger: Ledger;
  readonly leases: LeaseClock | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly queueOrder: QueueOrder;
}

/** How a look at the store ended: everything asked for was there, the queues are empty for now, or nobody had use for a message. */
export type IntakeOutcome = 'full' | 'short' | 'unasked';

/** Takes messages from the store and gives them to the consumers of one channel, those with and those without acknowledgements. */
export class Intake {
  readonly #options: IntakeOptions;
  readonly #held: QueueRing;
  readonly #unheld: QueueRing;
  #isStarved = false;

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#held = new QueueRing(options.queueOrder);
    this.#unheld = new QueueRing(options.queueOrder);
  }

  add(consumer: RingConsumer, noAck: boolean): void {
    (noAck ? this.#unheld : this.#held).add(consumer);
  }

  remove(consumer: RingConsumer): void {
    this.#held.remove(consumer);
    this.#unheld.remove(consumer);
  }

  clear(): void {
    this.#held.clear();
    this.#unheld.clear();
  }

  get queues(): readonly string[] {
    return this.#unheld.isEmpty ? this.#held.order : [...this.#held.order, ...this.#unheld.order];
  }

  /** There are consumers whose queues were passed over because the prefetch was used up. */
  get isStarved(): boolean {
    return this.#isStarved;
  }

  /** Whether a new message could be delivered now. */
  get isHungry(): boolean {
    return !this.#unheld.isEmpty || (!this.#held.isEmpty && !this.#isStarved);
  }

  /** One look: takes what there is credit for and delivers it before it resolves. */
  async take(): Promise<IntakeOutcome> {
    const credit = this.#options.ledger.credit(largestPop);
    this.#isStarved = credit <= 0 && !this.#held.isEmpty;
    let outcome: IntakeOutcome = 'unasked';
    if (credit > 0 && !this.#held.isEmpty) outcome = await this.#takeHeld(credit);
    if (!this.#unheld.isEmpty) {
      const isShort = (await this.#takeUnheld()) < largestPop;
      if (!isShort || outcome !== 'full') outcome = isShort ? 'short' : 'full';
    }
    return outcome;
  }

  /** Takes one message outside the prefetch, for `get`. */
  async takeOne(queue: string, noAck: boolean): Promise<Delivery | undefined> {
    const { store, ledger, leases, clock } = this.#options;
    for (;;) {
      const takenAt = clock.monotonic();
      const [held] = await store.pop({ queues: [queue], limit: 1, noAck });
      if (held === undefined) return undefined;
      if (noAck) {
        if (!this.#hasExpired(held))
          return new UnheldDelivery(held.message, queue, held.route, held.redelivered, held.tag);
        this.#tellExpired(held);
        continue;
      }
      leases?.hold(1, takenAt);
      if (ledger.isClosed) {
        await this.#giveBack([held]);
        return undefined;
      }
      if (!this.#hasExpired(held)) return ledger.book(held, false);
      this.#drop(held);
    }
  }

  async #takeHeld(credit: number): Promise<IntakeOutcome> {
    const { ledger } = this.#options;
    let limit = Math.min(credit, this.#part);
    let popping = this.#popHeld(limit);
    for (;;) {
      const taken = await popping;
      this.#held.rotate(taken);
      if (taken.length < limit) {
        await this.#deliver(taken);
        return 'short';
      }
      const nextLimit = Math.min(ledger.credit(largestPop) - taken.length, this.#part);
      const next = this.#popsAhead(nextLimit) ? this.#popHeld(nextLimit) : undefined;
      const delivered = this.#deliver(taken);
      // Whatever becomes of one, the other has an owner.
      if (next !== undefined) await Promise.all([delivered, next]);
      else {
        await delivered;
        return 'full';
      }
      popping = next;
      limit = nextLimit;
    }
  }

  async #popHeld(limit: number): Promise<readonly HeldMessage[]> {
    const { store, leases, clock } = this.#options;
    const takenAt = leases === undefined ? 0 : clock.monotonic();
    const taken = await store.pop({ queues: this.#held.order, limit, noAck: false });
    leases?.hold(taken.length, takenAt);
    return taken;
  }

  /** The most that one pop takes. */
  get #part(): number {
    const { store, ledger } = this.#options;
    if (store.supports.pipelines !== true) return largestPop;
    return Math.max(smallestPart, Math.ceil((ledger.prefetch === 0 ? largestPop : ledger.prefetch) / partsOfPrefetch));
  }

  /** Whether a part of this size is worth asking for before the one at hand is delivered. */
  #popsAhead(limit: number): boolean {
    const isWorthwhile = limit >= smallestPart / 2 && this.#options.store.supports.pipelines === true;
    return isWorthwhile && !this.#held.isEmpty && this.#unheld.isEmpty;
  }

  /** Resolves when those that nobody wants any more are given back; the others are delivered before it returns. */
  async #deliver(taken: readonly HeldMessage[]): Promise<void> {
    let orphans: HeldMessage[] | undefined;
    for (const held of taken) {
      const consumer = this.#held.next(held.queue);
      if (this.#hasExpired(held) && consumer?.includeExpired !== true) this.#drop(held);
      else if (consumer === undefined) (orphans ??= []).push(held);
      else this.#hand(consumer, held);
    }
    if (orphans !== undefined) await this.#giveBack(orphans);
  }

  #hand(consumer: RingConsumer, held: HeldMessage): void {
    try {
      consumer.onDelivery(this.#options.ledger.book(held, true));
    } catch (error) {
      this.#tellThrown(held, error);
    }
  }

  async #takeUnheld(): Promise<number> {
    const taken = await this.#options.store.pop({ queues: this.#unheld.order, limit: largestPop, noAck: true });
    this.#unheld.rotate(taken);
    for (const held of taken) {
      const { message, queue, route, redelivered, tag } = held;
      if (this.#hasExpired(held)) {
        this.#tellExpired(held);
        continue;
      }
      try {
        this.#unheld.next(queue)?.onDelivery(new UnheldDelivery(message, queue, route, redelivered, tag));
      } catch (error) {
        this.#tellThrown(held, error);
      }
    }
    return taken.length;
  }

  #hasExpired({ expiresAt }: HeldMessage): boolean {
    return expiresAt !== undefined && expiresAt <= this.#options.clock.now();
  }

  #drop(held: HeldMessage): void {
    this.#tellExpired(held);
    // Nobody waits for this settlement; when it fails the connection ends.
    this.#options.ledger.dismiss({ kind: 'ack', tag: held.tag }).catch(() => undefined);
  }

  /** Their consumer went away while they were on their way. */
  async #giveBack(orphans: readonly HeldMessage[]): Promise<void> {
    const { ledger } = this.#options;
    const released = [...orphans]
      .reverse()
      .map(({ tag }) => ledger.dismiss({ kind: 'release', tag, position: 'front', charged: false }));
    await Promise.all(released);
  }

  #tellExpired({ queue, message }: HeldMessage): void {
    const { correlationId } = message.properties;
    this.#options.logger.debug({ queue, correlationId }, 'Dropped a message that has expired');
  }

  #tellThrown({ queue, message }: HeldMessage, error: unknown): void {
    const { correlationId } = message.properties;
    this.#options.logger.error(
      { err: toError(error), queue, correlationId },
      'A consumer threw; its delivery stays unsettled',
    );
  }
}
