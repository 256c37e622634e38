import { randomUUID } from 'node:crypto';
import { type Deferred, deferred } from '@ctq/runtime';
import { ChannelClosedError, TopologyNotFoundError } from '../errors.js';
import type { Message, Route } from '../message/message.js';
import type {
  BindingDeclaration,
  Channel,
  CloseReason,
  ConsumeOptions,
  ExchangeDeclaration,
  PublishOptions,
  QueueDeclaration,
  QueueInfo,
  Subscription,
} from '../transport/channel.js';
import type { Delivery } from '../transport/delivery.js';
import { ConsumerLoop } from './consumer-loop.js';
import { Intake } from './intake.js';
import { Ledger } from './ledger.js';
import type { RingConsumer } from './queue-ring.js';
import type { VirtualSession } from './virtual-session.js';

/** A consumer of this channel. */
interface ActiveConsumer extends RingConsumer {
  readonly consumerTag: string;
  readonly ended: Deferred<CloseReason>;
  readonly stopFanout: () => Promise<void>;
}

/** AMQP's channel over a queue store: composes topology, outbox, ledger, intake and loop. */
export class VirtualChannel implements Channel {
  readonly #session: VirtualSession;
  readonly #ledger: Ledger;
  readonly #intake: Intake;
  readonly #loop: ConsumerLoop;
  readonly #consumers = new Map<string, ActiveConsumer>();
  readonly #closed: Deferred<CloseReason> = deferred<CloseReason>();
  readonly #onClosed: (channel: VirtualChannel) => void;
  #closing: Promise<void> | undefined;
  #isClosed = false;

  constructor(session: VirtualSession, onClosed: (channel: VirtualChannel) => void) {
    const { store, settlements, leases, clock, logger, pollMs, queueOrder } = session;
    this.#session = session;
    this.#onClosed = onClosed;
    this.#ledger = new Ledger(store, settlements, leases);
    this.#intake = new Intake({ store, leases, clock, logger, queueOrder, ledger: this.#ledger });
    this.#loop = new ConsumerLoop({
      store,
      clock,
      pollMs,
      intake: this.#intake,
      onFailure: (error) => session.fail(error),
    });
    this.#ledger.onCredit = () => this.#loop.onCredit();
  }

  get closed(): Promise<CloseReason> {
    return this.#closed.promise;
  }

  async declareExchange(exchange: ExchangeDeclaration): Promise<void> {
    this.#requireOpen();
    await this.#session.topology.declareExchange(exchange);
  }

  async deleteExchange(name: string, options?: { readonly ifUnused?: boolean }): Promise<void> {
    this.#requireOpen();
    await this.#session.topology.deleteExchange(name, options);
  }

  async declareQueue(queue: QueueDeclaration): Promise<QueueInfo> {
    this.#requireOpen();
    return await this.#session.topology.declareQueue(queue);
  }

  async deleteQueue(
    name: string,
    options?: { readonly ifUnused?: boolean; readonly ifEmpty?: boolean },
  ): Promise<number> {
    this.#requireOpen();
    return await this.#session.topology.deleteQueue(name, options);
  }

  async bindQueue(binding: BindingDeclaration): Promise<void> {
    this.#requireOpen();
    await this.#session.topology.bindQueue(binding);
  }

  async unbindQueue(binding: BindingDeclaration): Promise<void> {
    this.#requireOpen();
    await this.#session.topology.unbindQueue(binding);
  }

  async purgeQueue(name: string): Promise<number> {
    this.#requireOpen();
    return await this.#session.topology.purgeQueue(name);
  }

  publish(message: Message, route: Route, options?: PublishOptions): Promise<void> {
    if (this.#isClosed) return Promise.reject(channelClosed());
    return this.#session.outbox.publish(message, route, options);
  }

  async setPrefetch(count: number): Promise<void> {
    this.#requireOpen();
    this.#ledger.prefetch = count;
  }

  async consume(
    queue: string,
    options: ConsumeOptions,
    onDelivery: (delivery: Delivery) => void,
  ): Promise<Subscription> {
    this.#requireOpen();
    const { consumerTag = `ctag-${randomUUID()}`, noAck = false, includeExpired = false } = options;
    const { use, expiry, leases, fanout } = this.#session;
    const ended = deferred<CloseReason>();
    const stopFanout = await fanout.listen(queue, onDelivery);
    const consumer: ActiveConsumer = { queue, includeExpired, onDelivery, consumerTag, ended, stopFanout };
    if (this.#isClosed) {
      await stopFanout();
      throw channelClosed();
    }
    this.#consumers.set(consumerTag, consumer);
    use.begin(queue);
    expiry.keep(queue);
    leases?.startSweeping();
    this.#loop.add(consumer, noAck);
    return { consumerTag, ended: ended.promise, cancel: () => this.#cancel(consumer) };
  }

  async get(queue: string, { noAck = false }: ConsumeOptions = {}): Promise<Delivery | undefined> {
    this.#requireOpen();
    try {
      return await this.#intake.takeOne(queue, noAck);
    } catch (error) {
      if (!this.#isClosed) this.#session.fail(error);
      throw error;
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** The connection is gone: nothing can be given back any more. */
  lose(reason: CloseReason): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#loop.abandon();
    this.#ledger.close();
    this.#end(reason);
  }

  /** Messages may have come back to the queues. */
  nudge(): void {
    this.#loop.nudge();
  }

  /** The queue was deleted: its consumers end. */
  onQueueDeleted(queue: string): void {
    for (const consumer of this.#consumers.values()) {
      if (consumer.queue !== queue) continue;
      const error = new TopologyNotFoundError(`The queue '${queue}' was deleted while it was consumed from.`, {
        details: { queue },
      });
      this.#forget(consumer, { error });
      void this.#loop.remove(consumer);
    }
  }

  async #close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const consumers = [...this.#consumers.values()];
    try {
      await this.#loop.stop();
      await this.#ledger.giveBack();
      await Promise.all(consumers.map((consumer) => this.#release(consumer)));
      await this.#session.outbox.drain();
    } catch (error) {
      this.#session.fail(error);
    } finally {
      this.#end({});
    }
  }

  async #cancel(consumer: ActiveConsumer): Promise<void> {
    if (this.#isClosed || !this.#consumers.has(consumer.consumerTag)) return;
    await this.#loop.remove(consumer);
    await this.#release(consumer);
  }

  /** Forgets a consumer, and with the last one a queue that exists for its consumers only. */
  async #release(consumer: ActiveConsumer): Promise<void> {
    if (!this.#consumers.has(consumer.consumerTag)) return;
    const goesToo = this.#forget(consumer, {});
    await consumer.stopFanout();
    if (goesToo) await this.#session.topology.deleteQueue(consumer.queue);
  }

  #forget(consumer: ActiveConsumer, reason: CloseReason): boolean {
    this.#consumers.delete(consumer.consumerTag);
    consumer.ended.resolve(reason);
    return this.#session.use.end(consumer.queue);
  }

  #end(reason: CloseReason): void {
    for (const consumer of this.#consumers.values()) consumer.ended.resolve(reason);
    this.#consumers.clear();
    this.#closed.resolve(reason);
    this.#onClosed(this);
  }

  #requireOpen(): void {
    if (this.#isClosed) throw channelClosed();
  }
}

function channelClosed(): ChannelClosedError {
  return new ChannelClosedError('The channel is closed; open a new one.');
}
