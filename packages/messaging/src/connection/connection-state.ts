/**
 * ```
 * idle ─► connecting ─► connected ─┐
 *           ▲  ▲ │ nobody answered │ lost
 *           │  └─┤ the next URL    │
 *           │    ▼                 │
 *        waiting-to-retry ◄────────┘      connecting, connected ─► failed: retries used up, or trying again cannot help
 * ```
 * `connect` leaves `failed` again; `closed` is for good.
 */
export type ConnectionState = 'idle' | 'connecting' | 'connected' | 'waiting-to-retry' | 'failed' | 'closed';

/**
 * What moves a connection from one state to the next: somebody (or its own timer) asks for it, it is there, one URL did not answer and the
 * next one is tried at once, none did and a pause begins, it was lost, it is given up, it is closed.
 */
export type ConnectionEvent = 'connect' | 'established' | 'failover' | 'retry-later' | 'lost' | 'give-up' | 'close';

/** Every move that there is. */
export const connectionTransitions: Readonly<
  Record<ConnectionState, Readonly<Partial<Record<ConnectionEvent, ConnectionState>>>>
> = {
  idle: { connect: 'connecting', close: 'closed' },
  connecting: {
    established: 'connected',
    failover: 'connecting',
    'retry-later': 'waiting-to-retry',
    'give-up': 'failed',
    close: 'closed',
  },
  connected: { lost: 'waiting-to-retry', 'give-up': 'failed', close: 'closed' },
  'waiting-to-retry': { connect: 'connecting', close: 'closed' },
  failed: { connect: 'connecting', close: 'closed' },
  closed: {},
};

/** One move of a connection, for logs, monitors and programs. */
export interface ConnectionChange {
  readonly event: ConnectionEvent;
  readonly previous: ConnectionState;
  readonly state: ConnectionState;
  /** The URL that is tried now, is connected, was lost or did not answer; with its password masked. */
  readonly url: string;
  /** Attempts so far, this one included, since there was a connection (or since somebody asked for one). 0 while nothing was tried. */
  readonly attempt: number;
  /** What caused it. */
  readonly error?: Error;
  /** Until the next attempt; of `waiting-to-retry`. */
  readonly retryInMs?: number;
}

/** @throws RangeError for a move that there is not: a mistake of ctq itself. */
export function nextState(state: ConnectionState, event: ConnectionEvent): ConnectionState {
  const next = connectionTransitions[state][event];
  if (next === undefined) throw new RangeError(`A connection that is ${state} does not know '${event}'.`);
  return next;
}
