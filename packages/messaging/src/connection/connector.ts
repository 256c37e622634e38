import { backoffMs, type Clock, type Deferred, deferred, type Logger, type Timer, toError } from '@ctq/runtime';
import { ChannelClosedError, TransportConnectionError, TransportError } from '../errors.js';
import type { Transport, TransportConnection } from '../transport/transport.js';
import { abortable } from './abortable.js';
import type { ConnectionRetryOptions } from './connection.js';
import { type ConnectionChange, type ConnectionEvent, type ConnectionState, nextState } from './connection-state.js';
import type { Alternates } from './failover.js';

export interface ConnectorOptions {
  readonly alternates: Alternates;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly retry: Required<ConnectionRetryOptions>;
  readonly connectTimeoutMs: number;
}

export type StateListener = (change: ConnectionChange) => void;

/** Gets and keeps one transport connection; the state machine is drawn at `ConnectionState`. */
export class Connector {
  readonly #options: ConnectorOptions;
  readonly #alternates: Alternates;
  readonly #listeners = new Set<StateListener>();
  readonly #closing = new AbortController();
  #state: ConnectionState = 'idle';
  #current: TransportConnection | undefined;
  /** Every address once. */
  #round: Promise<TransportConnection> | undefined;
  #retryTimer: Timer | undefined;
  /** Rounds in which nobody answered, since there was a connection. */
  #failedRounds = 0;
  #attempts = 0;
  #wasConnected = false;
  /** Why the connection was given up. */
  #failure: Error | undefined;
  /** Those who wait for a connection, however many rounds it takes. */
  #connected: Deferred<TransportConnection> | undefined;

  constructor(options: ConnectorOptions) {
    this.#options = options;
    this.#alternates = options.alternates;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** The one that is connected, or tried next. */
  get transport(): Transport {
    return this.#alternates.current;
  }

  /** The connection, while there is one. */
  get current(): TransportConnection | undefined {
    return this.#current;
  }

  onStateChange(listener: StateListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A connection, with as many rounds as the options allow. */
  async connect(signal?: AbortSignal): Promise<TransportConnection> {
    if (this.#current !== undefined) return this.#current;
    if (this.#state === 'idle' || this.#state === 'failed') {
      this.#failedRounds = 0;
      this.#attempts = 0;
      void this.#begin();
    }
    return await this.next(signal);
  }

  /**
   * The next connection, without doing anything for it: the one that a retry, or somebody else's `connect`, brings.
   * @throws what the connection was given up for, where nobody is trying any more.
   */
  async next(signal?: AbortSignal): Promise<TransportConnection> {
    signal?.throwIfAborted();
    if (this.#state === 'closed') throw connectionClosed();
    if (this.#current !== undefined) return this.#current;
    if (this.#state === 'failed') throw this.#failure ?? connectionClosed();
    this.#connected ??= handled(deferred<TransportConnection>());
    return await abortable(this.#connected.promise, signal);
  }

  /** A connection by one round, made now (or the one under way): for callers with a retry policy of their own. */
  async attempt(signal?: AbortSignal): Promise<TransportConnection> {
    signal?.throwIfAborted();
    if (this.#state === 'closed') throw connectionClosed();
    if (this.#current !== undefined) return this.#current;
    return await abortable(this.#round ?? this.#begin(), signal);
  }

  /** Resolves once somebody tries again after the connection was given up, or it is closed. */
  async revived(signal: AbortSignal): Promise<void> {
    if (this.#state !== 'failed') return;
    const changed = deferred();
    const unlisten = this.onStateChange(() => changed.resolve());
    try {
      await abortable(changed.promise, signal);
    } finally {
      unlisten();
    }
  }

  /** The connection does not answer although nobody has said that it is lost: it is treated as if somebody had. */
  replace(connection: TransportConnection, error: Error): void {
    if (this.#current !== connection) return;
    this.#onLost(connection, error);
    connection.close().catch(() => undefined);
  }

  /** Idempotent. Waiting callers are rejected; resolves when the transport connection is closed. */
  async close(): Promise<void> {
    if (this.#state === 'closed') return;
    const current = this.#current;
    this.#current = undefined;
    this.#retryTimer?.cancel();
    this.#enter('close');
    this.#closing.abort(connectionClosed());
    this.#connected?.reject(connectionClosed());
    await current?.close();
    await this.#round?.catch(() => undefined);
  }

  #begin(): Promise<TransportConnection> {
    this.#retryTimer?.cancel();
    this.#attempts += 1;
    this.#enter('connect');
    const round = this.#tryEach();
    this.#round = round;
    // Its failure is told through the state; not every caller waits for the round itself.
    round.catch(() => undefined);
    return round;
  }

  /** A round: each address once, until one answers. */
  async #tryEach(): Promise<TransportConnection> {
    const errors: Error[] = [];
    for (;;) {
      let connection: TransportConnection;
      try {
        connection = await this.#open();
      } catch (error) {
        if (this.#hasClosed()) throw connectionClosed();
        errors.push(toError(error));
        const failed = this.transport;
        this.#advance();
        if (errors.length === this.#alternates.count) throw this.#onRoundFailed(errors, failed);
        this.#failOver(toError(error), failed);
        continue;
      }
      return await this.#onConnected(connection);
    }
  }

  /** One attempt, for no longer than the timeout, whatever the transport does with its signal. */
  async #open(): Promise<TransportConnection> {
    this.#closing.signal.throwIfAborted();
    const { clock, logger, connectTimeoutMs } = this.#options;
    const { transport } = this;
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
    this.#round = undefined;
    if (this.#hasClosed()) {
      await connection.close();
      throw connectionClosed();
    }
    if (this.#wasConnected) this.#options.logger.info(`Connected to ${this.transport.url} again`);
    this.#current = connection;
    this.#wasConnected = true;
    this.#failedRounds = 0;
    void connection.closed.then(({ error }) => this.#onLost(connection, error));
    const waiting = this.#connected;
    this.#connected = undefined;
    this.#enter('established');
    this.#attempts = 0;
    waiting?.resolve(connection);
    return connection;
  }

  /** A strategy is a program's own: one that fails does not keep us from trying. */
  #advance(): void {
    try {
      this.#alternates.advance();
    } catch (error) {
      this.#options.logger.error(
        { err: toError(error) },
        'The failover strategy failed; the same address is tried again',
      );
    }
  }

  #failOver(error: Error, failed: Transport): void {
    const { logger } = this.#options;
    this.#attempts += 1;
    logger.warn({ err: error }, `Cannot connect to ${failed.url}; trying ${this.transport.url}`);
    this.#enter('failover', { error });
  }

  /** Resolves with the error of the whole round. */
  #onRoundFailed(errors: readonly Error[], last: Transport): Error {
    this.#round = undefined;
    const { retry, logger } = this.#options;
    const [first] = errors;
    const error = errors.length === 1 && first !== undefined ? first : nobodyAnswered(errors);
    const canHelp = errors.some((one) => TransportError.isInstance(one) && one.recoverable);
    const most = this.#wasConnected ? retry.maxRetries : retry.maxRetriesOnStartup;
    if (!canHelp || this.#failedRounds >= most) {
      this.#giveUp(error, last);
      return error;
    }
    const retryInMs = this.#retryLater('retry-later', error, last);
    logger.warn(
      { err: error, retryInMs: Math.round(retryInMs) },
      `Cannot connect to ${this.#alternates.urls.join(', ')}; trying again`,
    );
    return error;
  }

  #onLost(connection: TransportConnection, error: Error | undefined): void {
    if (this.#current !== connection) return;
    this.#current = undefined;
    const { logger, retry } = this.#options;
    const { transport } = this;
    // No rounds after the first: a connection that was had and lost is not made again either.
    if (retry.maxRetries === 0) return this.#giveUp(error ?? connectionLost(transport.url), transport);
    logger.warn({ err: error }, `Lost the connection to ${transport.url}; reconnecting`);
    this.#retryLater('lost', error, transport);
  }

  #giveUp(error: Error, transport: Transport): void {
    this.#failure = error;
    const waiting = this.#connected;
    this.#connected = undefined;
    this.#enter('give-up', { error, url: transport.url });
    waiting?.reject(error);
  }

  #retryLater(event: 'lost' | 'retry-later', error: Error | undefined, { url }: Transport): number {
    const { clock, retry } = this.#options;
    const retryInMs = backoffMs(this.#failedRounds, retry);
    this.#failedRounds += 1;
    this.#retryTimer = clock.setTimer(() => void this.#begin(), retryInMs, { background: true });
    this.#enter(event, { retryInMs, url, ...(error === undefined ? {} : { error }) });
    return retryInMs;
  }

  #enter(event: ConnectionEvent, more: Partial<ConnectionChange> = {}): void {
    const previous = this.#state;
    const state = nextState(previous, event);
    this.#state = state;
    const change: ConnectionChange = {
      event,
      previous,
      state,
      url: this.transport.url,
      attempt: this.#attempts,
      ...more,
    };
    for (const listener of [...this.#listeners]) this.#tell(listener, change);
  }

  #tell(listener: StateListener, change: ConnectionChange): void {
    try {
      listener(change);
    } catch (error) {
      this.#options.logger.error({ err: toError(error) }, 'A listener of a connection threw');
    }
  }

  /** A method, because the state changes while this class waits. */
  #hasClosed(): boolean {
    return this.#state === 'closed';
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

function connectionLost(url: string): TransportConnectionError {
  return new TransportConnectionError(`The connection to ${url} ended.`, { recoverable: true });
}

function nobodyAnswered(errors: readonly Error[]): TransportConnectionError {
  const recoverable = errors.some((error) => TransportError.isInstance(error) && error.recoverable);
  const reasons = errors.map(({ message }) => message).join(' | ');
  return new TransportConnectionError(`None of ${errors.length} addresses of the broker can be used: ${reasons}`, {
    cause: new AggregateError(errors, reasons),
    recoverable,
  });
}
