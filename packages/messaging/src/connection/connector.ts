import { backoffMs, type Clock, type Deferred, deferred, type Logger, type Timer, toError } from '@ctq/runtime';
import { ChannelClosedError, TransportConnectionError, TransportError } from '../errors.js';
import type { Transport, TransportConnection } from '../transport/transport.js';
import { abortable } from './abortable.js';
import type { ConnectionRetryOptions, ConnectionState } from './connection.js';

export interface ConnectorOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly retry: Required<ConnectionRetryOptions>;
  readonly connectTimeoutMs: number;
}

export type StateListener = (state: ConnectionState, error: Error | undefined) => void;

/** Gets and keeps one transport connection; the state machine is drawn at `ConnectionState`. */
export class Connector {
  readonly #options: ConnectorOptions;
  readonly #listeners = new Set<StateListener>();
  readonly #closing = new AbortController();
  #state: ConnectionState = 'idle';
  #current: TransportConnection | undefined;
  #attempt: Promise<TransportConnection> | undefined;
  #retryTimer: Timer | undefined;
  #failures = 0;
  /** Those who wait for a connection, however many attempts it takes. */
  #connected: Deferred<TransportConnection> | undefined;

  constructor(options: ConnectorOptions) {
    this.#options = options;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** The connection, while there is one. */
  get current(): TransportConnection | undefined {
    return this.#current;
  }

  onStateChange(listener: StateListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A connection, with as many attempts as the options allow. */
  async connect(signal?: AbortSignal): Promise<TransportConnection> {
    if (this.#current !== undefined) return this.#current;
    if (this.#state === 'idle' || this.#state === 'failed') {
      this.#failures = 0;
      void this.#begin();
    }
    return await this.next(signal);
  }

  /** The next connection, without doing anything for it: the one that a retry, or somebody else's `connect`, brings. */
  async next(signal?: AbortSignal): Promise<TransportConnection> {
    signal?.throwIfAborted();
    if (this.#state === 'closed') throw connectionClosed();
    if (this.#current !== undefined) return this.#current;
    this.#connected ??= handled(deferred<TransportConnection>());
    return await abortable(this.#connected.promise, signal);
  }

  /** A connection by one attempt, made now (or the one under way): for callers with a retry policy of their own. */
  async attempt(signal?: AbortSignal): Promise<TransportConnection> {
    signal?.throwIfAborted();
    if (this.#state === 'closed') throw connectionClosed();
    if (this.#current !== undefined) return this.#current;
    return await abortable(this.#attempt ?? this.#begin(), signal);
  }

  /** Idempotent. Waiting callers are rejected; resolves when the transport connection is closed. */
  async close(): Promise<void> {
    if (this.#state === 'closed') return;
    const current = this.#current;
    this.#current = undefined;
    this.#retryTimer?.cancel();
    this.#enter('closed');
    this.#closing.abort(connectionClosed());
    this.#connected?.reject(connectionClosed());
    await current?.close();
    await this.#attempt?.catch(() => undefined);
  }

  #begin(): Promise<TransportConnection> {
    this.#retryTimer?.cancel();
    this.#enter('connecting');
    const attempt = this.#open().then(
      (connection) => this.#onConnected(connection),
      (error: unknown) => {
        this.#onFailed(toError(error));
        throw error;
      },
    );
    this.#attempt = attempt;
    // Its failure is told through the state; not every caller waits for the attempt itself.
    attempt.catch(() => undefined);
    return attempt;
  }

  /** One attempt, for no longer than the timeout, whatever the transport does with its signal. */
  async #open(): Promise<TransportConnection> {
    const { transport, clock, logger, connectTimeoutMs } = this.#options;
    const timeout = new AbortController();
    const timer = clock.setTimer(
      () => timeout.abort(connectTimedOut(transport.url, connectTimeoutMs)),
      connectTimeoutMs,
    );
    const signal = AbortSignal.any([timeout.signal, this.#closing.signal]);
    const opening = transport.connect({ clock, logger }, signal);
    try {
      return await abortable(opening, signal);
    } catch (error) {
      if (signal.aborted) void opening.then((late) => late.close()).catch(() => undefined);
      throw error;
    } finally {
      timer.cancel();
    }
  }

  async #onConnected(connection: TransportConnection): Promise<TransportConnection> {
    this.#attempt = undefined;
    if (this.#state === 'closed') {
      await connection.close();
      throw connectionClosed();
    }
    this.#current = connection;
    this.#failures = 0;
    void connection.closed.then(({ error }) => this.#onLost(connection, error));
    const waiting = this.#connected;
    this.#connected = undefined;
    this.#enter('connected');
    waiting?.resolve(connection);
    return connection;
  }

  #onFailed(error: Error): void {
    this.#attempt = undefined;
    if (this.#state === 'closed') return;
    const { retry, logger, transport } = this.#options;
    const canHelp = TransportError.isInstance(error) && error.recoverable;
    if (!canHelp || this.#failures >= retry.maxRetries) {
      const waiting = this.#connected;
      this.#connected = undefined;
      this.#enter('failed', error);
      waiting?.reject(error);
      return;
    }
    const retryInMs = this.#retryLater(error);
    logger.warn({ err: error, retryInMs: Math.round(retryInMs) }, `Cannot connect to ${transport.url}; trying again`);
  }

  #onLost(connection: TransportConnection, error: Error | undefined): void {
    if (this.#current !== connection) return;
    this.#current = undefined;
    const { logger, transport, retry } = this.#options;
    // No attempts after the first: a connection that was had and lost is not made again either.
    if (retry.maxRetries === 0) return this.#enter('failed', error);
    logger.warn({ err: error }, `Lost the connection to ${transport.url}; reconnecting`);
    this.#retryLater(error);
  }

  #retryLater(error: Error | undefined): number {
    const { clock, retry } = this.#options;
    const delayMs = backoffMs(this.#failures, retry);
    this.#failures += 1;
    this.#retryTimer = clock.setTimer(() => void this.#begin(), delayMs, { background: true });
    this.#enter('waiting-to-retry', error);
    return delayMs;
  }

  #enter(state: ConnectionState, error?: Error): void {
    this.#state = state;
    for (const listener of [...this.#listeners]) listener(state, error);
  }
}

/** A promise that may have no reader when it is rejected. */
function handled<T>(waiting: Deferred<T>): Deferred<T> {
  waiting.promise.catch(() => undefined);
  return waiting;
}

export function connectionClosed(): ChannelClosedError {
  return new ChannelClosedError('The connection is closed; open a new one.');
}

function connectTimedOut(url: string, afterMs: number): TransportConnectionError {
  return new TransportConnectionError(`No connection to ${url} within ${afterMs} ms.`, { recoverable: true });
}
