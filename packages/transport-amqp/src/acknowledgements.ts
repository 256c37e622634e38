import { Deque } from '@ctq/runtime';
import type { Channel, Message } from 'amqplib';

/** A delivery that is not settled. */
export interface Unsettled {
  readonly tag: number;
  state: 'held' | 'acknowledged' | 'settled';
}

/**
 * The unsettled deliveries of one channel of AMQP, in the order in which they came. What is acknowledged in one turn of the event loop travels together: everything up to the oldest
 * that is still held in one frame (`multiple`), and the others one by one.
 */
export class Acknowledgements {
  readonly #channel: Channel;
  readonly #onSent: () => void;
  readonly #inOrder = new Deque<Unsettled>();
  #acknowledged: Unsettled[] = [];
  #flushed: Promise<void> | undefined;
  #count = 0;
  #isOver = false;

  constructor(channel: Channel, onSent: () => void) {
    this.#channel = channel;
    this.#onSent = onSent;
  }

  /** How many are not settled. */
  get count(): number {
    return this.#count;
  }

  add(tag: number): Unsettled {
    const unsettled: Unsettled = { tag, state: 'held' };
    this.#inOrder.pushBack(unsettled);
    this.#count += 1;
    return unsettled;
  }

  /** Resolves when it was handed to the socket's buffer: the broker does not answer. */
  acknowledge(unsettled: Unsettled): Promise<void> {
    unsettled.state = 'acknowledged';
    this.#count -= 1;
    this.#acknowledged.push(unsettled);
    this.#flushed ??= new Promise((resolve, reject) => {
      setImmediate(() => {
        try {
          this.flush();
          resolve();
        } catch (error) {
          reject(error);
        }
      });
    });
    return this.#flushed;
  }

  /** It was settled otherwise. */
  remove(unsettled: Unsettled): void {
    unsettled.state = 'settled';
    this.#count -= 1;
    this.#dropSettled();
  }

  /** Nothing can be acknowledged any more. */
  end(): void {
    this.#isOver = true;
    this.#count = 0;
  }

  flush(): void {
    this.#flushed = undefined;
    const acknowledged = this.#acknowledged;
    this.#acknowledged = [];
    if (acknowledged.length === 0) return;
    if (this.#isOver) throw new Error('The channel has ended.');
    const upTo = this.#takeOldest();
    if (upTo !== undefined) this.#send(upTo, true);
    for (const unsettled of acknowledged) {
      if (unsettled.state !== 'acknowledged') continue;
      unsettled.state = 'settled';
      this.#send(unsettled, false);
    }
  }

  /** Of those in front that are acknowledged or settled, the last one that is to be acknowledged. */
  #takeOldest(): Unsettled | undefined {
    let last: Unsettled | undefined;
    for (let oldest = this.#inOrder.front; oldest !== undefined && oldest.state !== 'held'; ) {
      if (oldest.state === 'acknowledged') {
        oldest.state = 'settled';
        last = oldest;
      }
      this.#inOrder.popFront();
      oldest = this.#inOrder.front;
    }
    return last;
  }

  #dropSettled(): void {
    while (this.#inOrder.front?.state === 'settled') this.#inOrder.popFront();
  }

  #send({ tag }: Unsettled, allUpTo: boolean): void {
    this.#onSent();
    // All that amqplib reads of the message.
    this.#channel.ack({ fields: { deliveryTag: tag } } as Message, allUpTo);
  }
}
