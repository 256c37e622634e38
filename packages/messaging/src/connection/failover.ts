import { isDeepStrictEqual } from 'node:util';
import { ConfigurationError } from '@ctq/runtime';
import type { Transport } from '../transport/transport.js';

/**
 * The order in which alternates are tried: by turns from the first (`round-robin`), each once a round in an order of chance (`shuffle`), or
 * as a function says that gives what to try, one after the other; it is called anew when it has no more.
 */
export type FailoverStrategy<T = Transport> = 'round-robin' | 'shuffle' | FailoverFunction<T>;

export type FailoverFunction<T> = (alternates: readonly T[]) => Iterable<T>;

/** The transports of a connection, of which one is tried at a time. */
export class Alternates {
  readonly #all: readonly Transport[];
  readonly #strategy: FailoverFunction<Transport>;
  #order: Iterator<Transport> | undefined;
  #current: Transport;

  /** @throws ConfigurationError when they are of different kinds. */
  constructor(transports: readonly Transport[], strategy: FailoverStrategy = 'round-robin') {
    refuseMixed(transports);
    this.#all = transports;
    this.#strategy = typeof strategy === 'function' ? strategy : strategies[strategy];
    this.#current = this.#following();
  }

  /** How many attempts make a round. */
  get count(): number {
    return this.#all.length;
  }

  /** The one that is connected, or tried next. */
  get current(): Transport {
    return this.#current;
  }

  get urls(): readonly string[] {
    return this.#all.map(({ url }) => url);
  }

  /** Goes on to the next one. */
  advance(): void {
    if (this.#all.length > 1) this.#current = this.#following();
  }

  #following(): Transport {
    const next = this.#order?.next();
    if (next !== undefined && next.done !== true) return next.value;
    this.#order = this.#strategy(this.#all)[Symbol.iterator]();
    const first = this.#order.next();
    if (first.done === true) throw new TypeError('The failover strategy gave nothing to try.');
    return first.value;
  }
}

const strategies: Readonly<Record<'round-robin' | 'shuffle', FailoverFunction<Transport>>> = {
  'round-robin': (alternates) => alternates,
  shuffle: (alternates) => {
    const shuffled = [...alternates];
    for (let last = shuffled.length - 1; last > 0; last -= 1) {
      const other = Math.floor(Math.random() * (last + 1));
      [shuffled[last], shuffled[other]] = [shuffled[other] as Transport, shuffled[last] as Transport];
    }
    return shuffled;
  },
};

/** What was declared in `supports` at the start has to hold after a failover: consumers have been set up by it. */
function refuseMixed(transports: readonly Transport[]): void {
  const [first, ...others] = transports;
  if (first === undefined) throw new TypeError('A connection needs a transport.');
  const other = others.find(
    ({ name, supports }) => name !== first.name || !isDeepStrictEqual(supports, first.supports),
  );
  if (other === undefined) return;
  throw new ConfigurationError(
    'CTQ_MIXED_BROKERS',
    `${first.url} and ${other.url} are brokers of different kinds: a connection can fail over only between addresses of one broker.`,
    { details: { urls: transports.map(({ url }) => url) } },
  );
}
