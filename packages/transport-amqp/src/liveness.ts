import { TransportConnectionError } from '@ctq/messaging';
import type { Clock, Timer } from '@ctq/runtime';
import type { Channel } from 'amqplib';
import { Lane } from './lane.js';
import type { Broker } from './open-broker.js';

/** How often a connection that somebody relies on is looked at. */
const tickMs = 500;

/** Ticks without a byte after which the broker is asked for an answer: 2 s. */
const askAfterTicks = 4;

/** Ticks without a byte after which the connection is taken for dead: 8 s. */
const giveUpAfterTicks = 16;

export interface LivenessOptions {
  readonly broker: Broker;
  readonly clock: Clock;
  /** For the error. */
  readonly url: string;
  /** Whether anybody waits for what may come. */
  readonly isRelied: () => boolean;
}

/**
 * Finds a connection that is there for TCP but leads nowhere. Heartbeats take two of their intervals for it, which are long so that a blocked event loop costs
 * no connection; here a silent broker is asked after two seconds, and given up after eight. Counted in ticks: a process whose own loop was blocked does not take that for silence.
 */
export function watchLiveness(options: LivenessOptions): void {
  void new Liveness(options);
}

class Liveness {
  readonly #options: LivenessOptions;
  readonly #asking: Lane<Channel>;
  #tick: Timer | undefined;
  #read = 0;
  #pending = 0;
  #silentTicks = 0;

  constructor(options: LivenessOptions) {
    this.#options = options;
    const { model } = options.broker;
    this.#asking = new Lane(() => model.createChannel(), options.clock);
    model.on('close', () => this.#tick?.cancel());
    this.#arm();
  }

  #arm(): void {
    this.#tick = this.#options.clock.setTimer(() => this.#look(), tickMs, { background: true });
  }

  #look(): void {
    this.#arm();
    const { isRelied, broker, url } = this.#options;
    // A broker that says that it reads nothing more for now answers nothing.
    if (this.#hasMoved() || broker.isBlocked() || !isRelied()) {
      this.#silentTicks = 0;
      return;
    }
    this.#silentTicks += 1;
    // The smallest question there is; how it is answered is of no interest.
    if (this.#silentTicks === askAfterTicks) this.#asking.use((channel) => channel.prefetch(0)).catch(() => undefined);
    if (this.#silentTicks < giveUpAfterTicks) return;
    const silentMs = this.#silentTicks * tickMs;
    const message = `RabbitMQ at ${url} has not answered for ${silentMs} ms.`;
    // With an error, or amqplib would not notice.
    broker.socket.destroy(new TransportConnectionError(message, { recoverable: true }));
  }

  /** Whether anything came, or got further on its way out. */
  #hasMoved(): boolean {
    const { bytesRead, writableLength } = this.#options.broker.socket;
    const hasMoved = bytesRead !== this.#read || writableLength < this.#pending;
    this.#read = bytesRead;
    this.#pending = writableLength;
    return hasMoved;
  }
}
