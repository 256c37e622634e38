import type { Bytes } from './byte-trigger.js';

/** As a client or a server sees the way of bytes. */
export type Direction = 'to-server' | 'to-client';

/**
 * Something that goes wrong on the network between a client and its server. Times are in milliseconds. Where `only` is given, other connections are spared.
 */
export type Fault = { readonly only?: (connection: Opening) => boolean } & (
  | {
      /** Everything takes longer, for a while; the order of bytes stays. */
      readonly kind: 'latency';
      readonly delayMs: number;
      readonly ms: number;
    }
  | {
      /** Nothing is forwarded for a while; then all of it is. */
      readonly kind: 'stall';
      readonly ms: number;
    }
  | {
      /** The connections that there are, and those accepted during `ms` (default 0), stay open and forward nothing any more: no FIN, no RST, ever. */
      readonly kind: 'half-open';
      readonly ms?: number;
    }
  | {
      /** The connections that there are end with a RST, on both sides. */
      readonly kind: 'reset';
    }
  | {
      /** The connections that there are end with a FIN, on both sides. */
      readonly kind: 'close';
    }
  | {
      /** Every byte is a packet of its own, for a while. */
      readonly kind: 'trickle';
      readonly ms: number;
    }
  | {
      /** Nobody listens for a while; connections that there are go on. */
      readonly kind: 'refuse';
      readonly ms: number;
    }
  | {
      /** The first connection on which the bytes are seen is cut there; over when that happened, or after `ms`. */
      readonly kind: 'cut';
      readonly when: Direction;
      readonly sees: Bytes;
      /** `before`: what was seen does not arrive. `after`: it does, and the answer to it does not. */
      readonly moment: 'before' | 'after';
      readonly by: 'reset' | 'close' | 'half-open';
      readonly ms?: number;
    }
);

export type FaultKind = Fault['kind'];

/** What tells connections apart. */
export interface Opening {
  /** From 1, in the order in which they were accepted. */
  readonly number: number;
  /** The first bytes that the client sent, some hundred of them. */
  readonly greeting: Buffer;
}

/** A fault under way. */
export interface Injection {
  readonly fault: Fault;
  /** Resolves when it has passed; of half-open connections, when new ones are served again. */
  readonly over: Promise<void>;
  /** Ends it early. Idempotent. */
  end(): void;
}
