import { type Clock, Deadline, type Logger, silentLogger, systemClock } from '@ctq/runtime';
import type { Channel } from '../transport/channel.js';
import type { LeaseKeeper, LeaseKeeperOptions, Transport } from '../transport/transport.js';
import type { Connection, ConnectionOptions } from './connection.js';
import type { ConnectionState } from './connection-state.js';
import { Connector, type StateListener } from './connector.js';
import type { Consumer, ConsumerOptions } from './consumer.js';
import { Alternates } from './failover.js';
import { KeptLeases } from './kept-leases.js';
import type { Producer } from './producer.js';
import { ReconnectingConsumer } from './reconnecting-consumer.js';
import { ReconnectingProducer } from './reconnecting-producer.js';

/** kombu 5.6 connection.py, connect_timeout. */
const defaultConnectTimeoutMs = 5_000;

/** Long enough for the default retries over a broker that restarts, short enough for somebody who waits for a page. */
const defaultPublishTimeoutMs = 30_000;

/** How long `close` waits for publishes that are under way. */
const finishPublishesMs = 5_000;

/** How long it waits for consumers and keepers to end on a broker that may not answer; the transport's own close comes after. */
const closeUsersMs = 5_000;

/** A connection over a transport. Nothing happens until it is used. */
export function openConnection(options: ConnectionOptions): Connection {
  return new ReconnectingConnection(options);
}

class ReconnectingConnection implements Connection {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #maxRetries: number;
  readonly #connector: Connector;
  readonly #producer: ReconnectingProducer;
  readonly #consumers = new Set<Consumer>();
  readonly #keepers = new Set<LeaseKeeper>();
  #closing: Promise<void> | undefined;

  constructor(options: ConnectionOptions) {
    const { transport, clock = systemClock, logger = silentLogger, retry = {} } = options;
    const { maxRetries = Number.POSITIVE_INFINITY } = retry;
    this.#clock = clock;
    this.#logger = logger;
    this.#maxRetries = maxRetries;
    this.#connector = new Connector({
      alternates: new Alternates(isList(transport) ? transport : [transport], options.failoverStrategy),
      clock,
      logger,
      retry: {
        maxRetries,
        maxRetriesOnStartup: retry.maxRetriesOnStartup ?? maxRetries,
        firstMs: retry.firstMs ?? 250,
        maxMs: retry.maxMs ?? 3_000,
      },
      connectTimeoutMs: options.connectTimeoutMs ?? defaultConnectTimeoutMs,
    });
    this.#producer = new ReconnectingProducer(
      this.#connector,
      clock,
      options.publishTimeoutMs ?? defaultPublishTimeoutMs,
    );
  }

  get transport(): Transport {
    return this.#connector.transport;
  }

  get state(): ConnectionState {
    return this.#connector.state;
  }

  get producer(): Producer {
    return this.#producer;
  }

  async connect(signal?: AbortSignal): Promise<void> {
    await this.#connector.connect(signal);
  }

  async openChannel(signal?: AbortSignal): Promise<Channel> {
    const connection = await this.#connector.connect(signal);
    return await connection.openChannel();
  }

  consume(options: ConsumerOptions): Consumer {
    const consumer = new ReconnectingConsumer({
      ...options,
      connector: this.#connector,
      clock: this.#clock,
      logger: this.#logger,
      maxRetries: this.#maxRetries,
      onClosed: (closed) => this.#consumers.delete(closed),
    });
    this.#consumers.add(consumer);
    return consumer;
  }

  async keepLeases(keeperOptions: LeaseKeeperOptions, signal?: AbortSignal): Promise<LeaseKeeper | undefined> {
    if (!this.transport.supports.leaseKeeper) return undefined;
    const connection = await this.#connector.connect(signal);
    const keeper = new KeptLeases({ connector: this.#connector, keeperOptions, logger: this.#logger });
    try {
      await keeper.start(connection);
    } catch (error) {
      await keeper.stop();
      throw error;
    }
    this.#keepers.add(keeper);
    return keeper;
  }

  onStateChange(listener: StateListener): () => void {
    return this.#connector.onStateChange(listener);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    await this.#producer.close(finishPublishesMs);
    const users = [
      ...[...this.#consumers].map((consumer) => consumer.close()),
      ...[...this.#keepers].map((keeper) => keeper.stop()),
    ];
    await Deadline.after(closeUsersMs, this.#clock).wait(Promise.allSettled(users));
    await this.#connector.close();
    this.#producer.abandon();
  }
}

function isList(transport: Transport | readonly Transport[]): transport is readonly Transport[] {
  return Array.isArray(transport);
}
