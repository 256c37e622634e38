import { TransportConnectionError } from '@ctq/messaging';
import { type Clock, type Timer } from '@ctq/runtime';
import type { Socket } from './open-broker.js';

/** How often a connection that somebody relies on is looked at. */
const tickMs = 500;

/** Ticks without a byte after which the broker is asked for an answer: 2 s. */
const askAfterTicks = 4;

/** Ticks without a byte after which the connection is taken for dead: 8 s. */
const giveUpAfterTicks = 16;

export interface LivenessOptions {
  readonly socket: Socket;
  readonly clock: Clock;
  readonly url: string;
  /** Whether anybody waits for what may come. */
  readonly isRelied: () => boolean;
  /** Has the broker answer something small. */
  readonly ask: () => Promise<unknown>;
  readonly onDead: (error: Error) => void;
}

/**
 * Finds a connection that is there for TCP but leads nowhere. Heartbeats take two of their intervals for it, which are long so that a blocked event loop costs
 * no connection; here a silent broker is asked after two seconds, and given up after eight. Counted in ticks: a process whose own loop was blocked does not take that for silence.
 */
export class Liveness {
  readonly #options: LivenessOptions;
  #tick: Timer | undefined;
  #read = 0;
  #pending = 0;
  #silentTicks = 0;
  #isSuspended = false;

  constructor(options: LivenessOptions) {
    this.#options = options;
    this.#arm();
  }

  /** The broker has said that it reads nothing more for now. */
  suspend(): void {
    this.#isSuspended = true;
  }

  resume(): void {
    this.#isSuspended = false;
    this.#silentTicks = 0;
  }

  stop(): void {
    this.#tick?.cancel();
  }

  #arm(): void {
    this.#tick = this.#options.clock.setTimer(() => this.#look(), tickMs, { background: true });
  }

  #look(): void {
    this.#arm();
    const { isRelied, ask, onDead, url } = this.#options;
    if (this.#hasMoved() || this.#isSuspended || !isRelied()) {
      this.#silentTicks = 0;
      return;
    }
    this.#silentTicks += 1;
    if (this.#silentTicks === askAfterTicks) ask().catch(() => undefined);
    if (this.#silentTicks < giveUpAfterTicks) return;
    this.stop();
    const silentMs = this.#silentTicks * tickMs;
    onDead(
      new TransportConnectionError(`RabbitMQ at ${url} has not answered for ${silentMs} ms.`, { recoverable: true }),
    );
  }

  /** Whether anything came, or got further on its way out. */
  #hasMoved(): boolean {
    const { bytesRead, writableLength } = this.#options.socket;
    const hasMoved = bytesRead !== this.#read || writableLength < this.#pending;
    this.#read = bytesRead;
    this.#pending = writableLength;
    return hasMoved;
  }
}
