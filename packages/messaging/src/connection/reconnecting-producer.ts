import { setMaxListeners } from 'node:events';
import { type Clock, Deadline, type Deferred, deferred, toError } from '@ctq/runtime';
import { declareQueue, staysDeclared } from '../entities/declare.js';
import type { Queue } from '../entities/queue.js';
import { TransportConnectionError, TransportError } from '../errors.js';
import type { Message, Route } from '../message/message.js';
import type { Channel } from '../transport/channel.js';
import { abortable } from './abortable.js';
import { connectionClosed, type Connector } from './connector.js';
import { defaultPublishRetryPolicy, type Producer, type ProducerPublishOptions } from './producer.js';
import { publishRetryMs } from './publish-retry.js';

/** The producer's channel, with what was declared on it. */
interface Outlet {
  readonly channel: Channel;
  readonly declared: Set<Queue>;
  readonly declaring: Map<Queue, Promise<unknown>>;
}

const noOptions: ProducerPublishOptions = {};

/** The producer of a connection. While nothing is wrong and nothing is to be declared a publish goes straight to the channel. */
export class ReconnectingProducer implements Producer {
  readonly #connector: Connector;
  readonly #clock: Clock;
  readonly #closing = new AbortController();
  #outlet: Outlet | undefined;
  #opening: Promise<Outlet> | undefined;
  #underWay = 0;
  #idle: Deferred<void> | undefined;

  constructor(connector: Connector, clock: Clock) {
    this.#connector = connector;
    this.#clock = clock;
    // As many listen as publishes wait for the broker to come back; that is no leak.
    setMaxListeners(0, this.#closing.signal);
  }

  publish(message: Message, route: Route, options: ProducerPublishOptions = noOptions): Promise<void> {
    if (this.#closing.signal.aborted) return Promise.reject(connectionClosed());
    this.#underWay += 1;
    const outlet = this.#outlet;
    const goesStraight = outlet !== undefined && options.signal === undefined && isDeclared(outlet, options.declare);
    if (!goesStraight) return this.#insist(message, route, options);
    return outlet.channel
      .publish(message, route, options)
      .then(this.#onDone, (error: unknown) => this.#insist(message, route, options, error));
  }

  /** Idempotent. Publishes under way are awaited for a moment, those that wait for a retry are given up. */
  async close(withinMs: number): Promise<void> {
    this.#closing.abort(connectionClosed());
    if (this.#underWay === 0) return;
    this.#idle ??= deferred();
    await Deadline.after(withinMs, this.#clock).wait(this.#idle.promise);
  }

  readonly #onDone = (): void => {
    this.#underWay -= 1;
    if (this.#underWay === 0) this.#idle?.resolve();
  };

  /** @param failure how the first attempt ended, when it was made already. */
  async #insist(message: Message, route: Route, options: ProducerPublishOptions, failure?: unknown): Promise<void> {
    try {
      await this.#tryUntilGivenUp(message, route, options, failure);
    } finally {
      this.#onDone();
    }
  }

  async #tryUntilGivenUp(
    message: Message,
    route: Route,
    options: ProducerPublishOptions,
    failure: unknown,
  ): Promise<void> {
    const { signal } = options;
    const givesUp = signal === undefined ? this.#closing.signal : AbortSignal.any([signal, this.#closing.signal]);
    const policy = options.retry === false ? { maxRetries: 0 } : { ...defaultPublishRetryPolicy, ...options.retry };
    let lastFailure = failure;
    for (let retries = 0; ; retries += 1) {
      if (lastFailure === undefined) {
        try {
          await this.#publishOnce(message, route, options);
          return;
        } catch (error) {
          lastFailure = error;
        }
      }
      if (signal?.aborted === true) throw signal.reason;
      if (!isWorthRetrying(lastFailure)) throw lastFailure;
      if (retries >= (policy.maxRetries ?? defaultPublishRetryPolicy.maxRetries)) throw connectionErrorOf(lastFailure);
      await this.#clock.sleep(publishRetryMs(policy, retries), givesUp);
      lastFailure = undefined;
    }
  }

  async #publishOnce(message: Message, route: Route, options: ProducerPublishOptions): Promise<void> {
    const { signal, declare = [] } = options;
    signal?.throwIfAborted();
    const outlet = this.#outlet ?? (await this.#open(signal));
    for (const queue of declare) {
      if (!outlet.declared.has(queue)) await abortable(this.#declare(outlet, queue), signal);
    }
    signal?.throwIfAborted();
    await abortable(outlet.channel.publish(message, route, options), signal);
  }

  #declare({ channel, declared, declaring }: Outlet, queue: Queue): Promise<unknown> {
    if (!staysDeclared(queue)) return declareQueue(channel, queue);
    const underWay = declaring.get(queue);
    if (underWay !== undefined) return underWay;
    const declaration = declareQueue(channel, queue)
      .then(() => declared.add(queue))
      .finally(() => declaring.delete(queue));
    declaring.set(queue, declaration);
    return declaration;
  }

  async #open(signal: AbortSignal | undefined): Promise<Outlet> {
    this.#opening ??= this.#openOutlet().finally(() => {
      this.#opening = undefined;
    });
    return await abortable(this.#opening, signal);
  }

  async #openOutlet(): Promise<Outlet> {
    const connection = await this.#connector.attempt(this.#closing.signal);
    const outlet: Outlet = { channel: await connection.openChannel(), declared: new Set(), declaring: new Map() };
    this.#outlet = outlet;
    void outlet.channel.closed.then(() => {
      if (this.#outlet === outlet) this.#outlet = undefined;
    });
    return outlet;
  }
}

function isDeclared({ declared }: Outlet, queues: readonly Queue[] | undefined): boolean {
  return queues === undefined || queues.every((queue) => declared.has(queue));
}

function isWorthRetrying(error: unknown): boolean {
  return TransportError.isInstance(error) && error.recoverable;
}

function connectionErrorOf(error: unknown): Error {
  if (TransportConnectionError.isInstance(error)) return error;
  const cause = toError(error);
  return new TransportConnectionError(`Could not publish: ${cause.message}`, { cause, recoverable: true });
}
