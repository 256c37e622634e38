import { type Clock, Deadline, type Deferred, deferred, toError } from '@ctq/runtime';
import { type Declarable, declareEntity, staysDeclared } from '../entities/declare.js';
import {
  PublishTimeoutError,
  TopologyNotFoundError,
  TransportConnectionError,
  TransportError,
  UnroutableError,
} from '../errors.js';
import type { Message, Route } from '../message/message.js';
import type { Channel } from '../transport/channel.js';
import type { TransportConnection } from '../transport/transport.js';
import { abortable } from './abortable.js';
import { connectionClosed, type Connector } from './connector.js';
import { DeadlineLine } from './deadline-line.js';
import { declarationKey } from './declaration-key.js';
import { type Outlet, PendingPublish } from './pending-publish.js';
import { defaultPublishRetryPolicy, type Producer, type ProducerPublishOptions } from './producer.js';
import { publishRetryMs } from './publish-retry.js';

const noOptions: ProducerPublishOptions = {};

/**
 * The producer of a connection. While nothing is wrong and nothing is to be declared a publish goes straight to the channel. Each has a deadline;
 * those with the same timeout, nearly always all, share a timer.
 */
export class ReconnectingProducer implements Producer {
  readonly #connector: Connector;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  /** By timeout. That of the connection itself is always there. */
  readonly #lines = new Map<number, DeadlineLine<PendingPublish>>();
  readonly #line: DeadlineLine<PendingPublish>;
  readonly #onExpired = (publish: PendingPublish): void => this.#expire(publish);
  readonly #closing = new AbortController();
  #outlet: Outlet | undefined;
  #opening: Promise<Outlet> | undefined;
  #underWay = 0;
  #idle: Deferred<void> | undefined;

  constructor(connector: Connector, clock: Clock, timeoutMs: number) {
    this.#connector = connector;
    this.#clock = clock;
    if (!(timeoutMs > 0)) throw badTimeout(timeoutMs);
    this.#timeoutMs = timeoutMs;
    this.#line = this.#lineOf(timeoutMs);
  }

  publish(message: Message, route: Route, options: ProducerPublishOptions = noOptions): Promise<void> {
    if (this.#closing.signal.aborted) return Promise.reject(connectionClosed());
    const { timeoutMs = this.#timeoutMs } = options;
    if (!(timeoutMs > 0)) return Promise.reject(badTimeout(timeoutMs));
    const publish = this.#begin(timeoutMs);
    const outlet = this.#outlet;
    if (outlet === undefined || options.signal !== undefined || !isDeclared(outlet, options.declare)) {
      void this.#insist(publish, message, route, options);
      return publish.promise;
    }
    publish.handOver(outlet, publish.enteredAt);
    outlet.channel.publish(message, route, options).then(
      () => {
        outlet.answers += 1;
        this.#end(publish);
      },
      (error: unknown) => {
        outlet.answers += 1;
        void this.#insist(publish, message, route, options, error);
      },
    );
    return publish.promise;
  }

  /** Idempotent. Publishes under way are awaited for a moment, those that wait for a retry are given up. */
  async close(withinMs: number): Promise<void> {
    this.#closing.abort(connectionClosed());
    for (const publish of this.#all()) if (!publish.isUnderWay) this.#fail(publish, connectionClosed());
    if (this.#underWay > 0) {
      this.#idle ??= deferred();
      await Deadline.after(withinMs, this.#clock).wait(this.#idle.promise);
    }
  }

  /** Nothing can come of what is still under way: the connection is closed. */
  abandon(): void {
    for (const publish of this.#all())
      this.#fail(publish, timedOut(publish, 'The connection was closed before the broker confirmed the message'));
    for (const line of this.#lines.values()) line.stop();
  }

  #begin(timeoutMs: number): PendingPublish {
    const publish = new PendingPublish(timeoutMs, this.#onExpired);
    (timeoutMs === this.#timeoutMs ? this.#line : this.#lineOf(timeoutMs)).enter(publish);
    this.#underWay += 1;
    return publish;
  }

  #lineOf(timeoutMs: number): DeadlineLine<PendingPublish> {
    const found = this.#lines.get(timeoutMs);
    if (found !== undefined) return found;
    const line = new DeadlineLine<PendingPublish>(this.#clock, timeoutMs);
    this.#lines.set(timeoutMs, line);
    return line;
  }

  #all(): PendingPublish[] {
    return [...this.#lines.values()].flatMap((line) => line.members());
  }

  #end(publish: PendingPublish): void {
    if (publish.isOver) return;
    this.#leave(publish);
    publish.succeed();
  }

  #fail(publish: PendingPublish, reason: unknown): void {
    if (publish.isOver) return;
    this.#leave(publish);
    publish.fail(reason);
  }

  #leave(publish: PendingPublish): void {
    const { timeoutMs } = publish;
    const line = timeoutMs === this.#timeoutMs ? this.#line : this.#lines.get(timeoutMs);
    line?.leave(publish);
    if (line !== this.#line) this.#forgetIfEmpty(timeoutMs);
    this.#countDown();
  }

  #forgetIfEmpty(timeoutMs: number): void {
    const line = this.#lines.get(timeoutMs);
    if (line === undefined || line === this.#line || !line.isEmpty) return;
    line.stop();
    this.#lines.delete(timeoutMs);
  }

  #countDown(): void {
    this.#underWay -= 1;
    if (this.#underWay === 0) this.#idle?.resolve();
  }

  /** Its deadline has passed; the line has let go of it. */
  #expire(publish: PendingPublish): void {
    this.#forgetIfEmpty(publish.timeoutMs);
    this.#countDown();
    publish.fail(timedOut(publish, `The message was not published within ${publish.timeoutMs} ms`));
    this.#replaceSilent(publish);
  }

  /** A broker that owes an answer for as long as the timeout, and gave no other meanwhile, is on a connection that nobody told us is dead. */
  #replaceSilent({ outlet, isUnderWay, answersBefore, askedAt }: PendingPublish): void {
    if (outlet === undefined || !isUnderWay || outlet !== this.#outlet || answersBefore !== outlet.answers) return;
    if (outlet.silence?.answers !== outlet.answers) {
      outlet.silence = { since: askedAt, answers: outlet.answers };
    }
    const silentMs = this.#clock.monotonic() - outlet.silence.since;
    if (silentMs < this.#timeoutMs) return;
    this.#outlet = undefined;
    this.#connector.replace(outlet.connection, noAnswer(this.#connector.transport.url, 'confirmed nothing', silentMs));
  }

  /** @param failure how the first attempt ended, when it was made already. */
  async #insist(
    publish: PendingPublish,
    message: Message,
    route: Route,
    options: ProducerPublishOptions,
    failure?: unknown,
  ): Promise<void> {
    publish.isUnderWay = false;
    if (publish.isOver) return;
    const { signal } = options;
    const onAbort = (): void => this.#fail(publish, signal?.reason);
    if (signal?.aborted === true) return onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      await this.#tryUntilGivenUp(publish, message, route, options, failure);
      this.#end(publish);
    } catch (error) {
      this.#fail(publish, error);
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }

  async #tryUntilGivenUp(
    publish: PendingPublish,
    message: Message,
    route: Route,
    options: ProducerPublishOptions,
    failure: unknown,
  ): Promise<void> {
    const policy = options.retry === false ? { maxRetries: 0 } : { ...defaultPublishRetryPolicy, ...options.retry };
    publish.lastFailure = failure;
    let isDeclaredAnew = false;
    for (let retries = 0; ; retries += 1) {
      if (publish.lastFailure === undefined) {
        try {
          await this.#publishOnce(publish, message, route, options);
          return;
        } catch (error) {
          publish.lastFailure = error;
        } finally {
          publish.isUnderWay = false;
        }
      }
      publish.givenUp.throwIfAborted();
      const { lastFailure } = publish;
      // What was declared on this connection may have been deleted since.
      if (!isDeclaredAnew && isLost(lastFailure) && this.#forgetDeclared(options.declare)) {
        isDeclaredAnew = true;
        publish.lastFailure = undefined;
        continue;
      }
      if (!isWorthRetrying(lastFailure)) throw lastFailure;
      if (retries >= (policy.maxRetries ?? defaultPublishRetryPolicy.maxRetries)) throw connectionErrorOf(lastFailure);
      this.#closing.signal.throwIfAborted();
      await this.#clock.sleep(publishRetryMs(policy, retries), publish.givenUp);
      publish.lastFailure = undefined;
    }
  }

  async #publishOnce(
    publish: PendingPublish,
    message: Message,
    route: Route,
    options: ProducerPublishOptions,
  ): Promise<void> {
    const { givenUp } = publish;
    const outlet = this.#outlet ?? (await this.#open(givenUp));
    for (const entity of options.declare ?? []) {
      if (outlet.declared.has(entity)) continue;
      publish.ask(outlet, this.#clock.monotonic());
      await abortable(this.#declare(outlet, entity), givenUp);
      outlet.answers += 1;
    }
    givenUp.throwIfAborted();
    publish.handOver(outlet, this.#clock.monotonic());
    await abortable(outlet.channel.publish(message, route, options), givenUp);
    outlet.answers += 1;
  }

  /** Whether there is anything to declare again. */
  #forgetDeclared(entities: readonly Declarable[] = []): boolean {
    for (const entity of entities) {
      this.#outlet?.declared.delete(entity);
      this.#outlet?.declaredKeys.delete(declarationKey(entity));
    }
    return entities.length > 0;
  }

  async #declare({ channel, declared, declaredKeys, declaring }: Outlet, entity: Declarable): Promise<void> {
    if (!staysDeclared(entity)) {
      await declareEntity(channel, entity);
      return;
    }
    const key = declarationKey(entity);
    if (!declaredKeys.has(key)) {
      const underWay = declaring.get(key) ?? declareEntity(channel, entity).finally(() => declaring.delete(key));
      declaring.set(key, underWay);
      await underWay;
      declaredKeys.add(key);
    }
    declared.add(entity);
  }

  async #open(signal: AbortSignal): Promise<Outlet> {
    this.#opening ??= this.#openOutlet().finally(() => {
      this.#opening = undefined;
    });
    return await abortable(this.#opening, signal);
  }

  async #openOutlet(): Promise<Outlet> {
    const connection = await this.#connector.attempt(this.#closing.signal);
    const outlet: Outlet = {
      connection,
      channel: await this.#openChannel(connection),
      declared: new WeakSet(),
      declaredKeys: new Set(),
      declaring: new Map(),
      answers: 0,
      silence: undefined,
    };
    this.#outlet = outlet;
    void outlet.channel.closed.then(() => {
      if (this.#outlet === outlet) this.#outlet = undefined;
    });
    return outlet;
  }

  /** For no longer than a publish may take: all that come meanwhile wait for this one channel. */
  async #openChannel(connection: TransportConnection): Promise<Channel> {
    const opening = connection.openChannel();
    if (await Deadline.after(this.#timeoutMs, this.#clock).wait(opening)) return await opening;
    opening.catch(() => undefined);
    const error = noAnswer(this.#connector.transport.url, 'opened no channel', this.#timeoutMs);
    this.#connector.replace(connection, error);
    throw error;
  }
}

function isDeclared({ declared }: Outlet, entities: readonly Declarable[] | undefined): boolean {
  return entities === undefined || entities.every((entity) => declared.has(entity));
}

function isLost(error: unknown): boolean {
  return UnroutableError.isInstance(error) || TopologyNotFoundError.isInstance(error);
}

function isWorthRetrying(error: unknown): boolean {
  return TransportError.isInstance(error) && error.recoverable;
}

function connectionErrorOf(error: unknown): Error {
  if (TransportConnectionError.isInstance(error)) return error;
  const cause = toError(error);
  return new TransportConnectionError(`Could not publish: ${cause.message}`, { cause, recoverable: true });
}

function timedOut({ wasHandedOver, lastFailure }: PendingPublish, what: string): PublishTimeoutError {
  const outcome = wasHandedOver ? 'unknown' : 'not-sent';
  const known = wasHandedOver ? 'It may have arrived' : 'It was not sent';
  const reason = lastFailure === undefined ? '' : ` The last failure: ${toError(lastFailure).message}`;
  return new PublishTimeoutError(`${what}. ${known}.${reason}`, { outcome, cause: lastFailure });
}

function badTimeout(timeoutMs: number): RangeError {
  return new RangeError(`A publish needs a timeout of more than 0 ms, not ${timeoutMs}.`);
}

function noAnswer(url: string, what: string, afterMs: number): TransportConnectionError {
  return new TransportConnectionError(`${url} ${what} for ${Math.round(afterMs)} ms.`, { recoverable: true });
}
