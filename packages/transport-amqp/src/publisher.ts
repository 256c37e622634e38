import {
  ChannelClosedError,
  EncodeError,
  type Message,
  type Route,
  TopologyNotFoundError,
  TransportError,
  UnroutableError,
} from '@ctq/messaging';
import type { Publisher, PublishOptions } from '@ctq/messaging/transport';
import { type Clock, Deadline, type Deferred, deferred, type Timer, toError } from '@ctq/runtime';
import type { ConfirmChannel, Message as Returned, Options } from 'amqplib';
import { channelError, codeOf, replyCodes } from './amqp-errors.js';
import { answered } from './answer.js';
import { publishFields } from './message-fields.js';

/** A broker that owes confirms for longer (its memory is full) is not waited for by a close. */
const confirmWithinMs = 4_000;

/** How often a channel that owes confirms is looked at. */
const tickMs = 1_000;

/**
 * Looks in a row without a confirm, of however many are owed, after which the channel is given up. Where a quorum queue has no leader for a moment, a channel that was the first to
 * publish to it stands still for up to a minute (RabbitMQ's rabbit_fifo_client), and another one does not.
 */
const giveUpAfterTicks = 8;

/** What a publisher needs of a connection. */
export interface PublishingBroker {
  openChannel(): Promise<ConfirmChannel>;
  /** It takes no messages for now, and owes no confirm. */
  isBlocked(): boolean;
}

/** A publish that the broker has not confirmed. */
interface Unconfirmed {
  readonly route: Route;
  readonly isMandatory: boolean;
  readonly size: number;
  readonly correlationId: string | undefined;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  isReturned: boolean;
}

/** One channel's life as the channel that publishes. */
interface Outlet {
  readonly channel: ConfirmChannel;
  /** In the order in which they were sent, which is that of the returns. */
  readonly unconfirmed: Set<Unconfirmed>;
  /** How many the broker has answered; what it was when that was last looked at, and how many looks ago. */
  answers: number;
  answersSeen: number;
  silentTicks: number;
  tick: Timer | undefined;
  isRetired: boolean;
  /** Why the broker closed it. */
  refusal: Error | undefined;
}

/**
 * Publishes with confirms. What the broker cannot take (an exchange that does not exist, too large a body) closes the channel: those that it names are rejected for good, the others as
 * with a lost connection, and the next publish opens another channel.
 */
export class AmqpPublisher implements Publisher {
  readonly #broker: PublishingBroker;
  readonly #clock: Clock;
  #opening: Promise<Outlet> | undefined;
  #outlet: Outlet | undefined;
  #unconfirmed = 0;
  #idle: Deferred<void> | undefined;
  #isClosed = false;

  constructor(broker: PublishingBroker, clock: Clock) {
    this.#broker = broker;
    this.#clock = clock;
  }

  /** How many wait for the broker's word. */
  get unconfirmed(): number {
    return this.#unconfirmed;
  }

  publish(message: Message, route: Route, options?: PublishOptions): Promise<void> {
    if (this.#isClosed) return Promise.reject(new ChannelClosedError('The channel is closed.'));
    let fields: Options.Publish;
    try {
      fields = fieldsOf(message);
    } catch (error) {
      return Promise.reject(toError(error));
    }
    const isMandatory = options?.mandatory === true;
    if (isMandatory) fields.mandatory = true;
    const outlet = this.#outlet;
    if (outlet !== undefined) return this.#publishOver(outlet, message, route, fields);
    return this.#publishFirst(message, route, fields);
  }

  /** Idempotent. Confirms are waited for, for a moment; what is not confirmed by then is rejected. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#unconfirmed > 0) {
      this.#idle ??= deferred();
      await Deadline.after(confirmWithinMs, this.#clock).wait(this.#idle.promise);
    }
    const outlet = this.#outlet;
    this.#outlet = undefined;
    outlet?.tick?.cancel();
    if (outlet !== undefined) await answered(outlet.channel.close(), this.#clock, 'a goodbye').catch(() => undefined);
  }

  async #publishFirst(message: Message, route: Route, fields: Options.Publish): Promise<void> {
    // Counted from the call on: it was made before a close that comes meanwhile.
    this.#unconfirmed += 1;
    try {
      await this.#publishOver(await this.#openOutlet(), message, route, fields);
    } finally {
      this.#leave();
    }
  }

  #publishOver(outlet: Outlet, message: Message, route: Route, fields: Options.Publish): Promise<void> {
    return new Promise((resolve, reject) => {
      const { body } = message;
      const unconfirmed: Unconfirmed = {
        route,
        isMandatory: fields.mandatory === true,
        size: body.byteLength,
        correlationId: message.properties.correlationId,
        resolve,
        reject,
        isReturned: false,
      };
      try {
        const content = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
        outlet.channel.publish(route.exchange, route.routingKey, content, fields, (error: unknown) =>
          this.#onAnswer(outlet, unconfirmed, error),
        );
      } catch (error) {
        reject(unsendable(error));
        return;
      }
      this.#unconfirmed += 1;
      outlet.unconfirmed.add(unconfirmed);
      if (outlet.tick === undefined) this.#watch(outlet);
    });
  }

  #onAnswer(outlet: Outlet, unconfirmed: Unconfirmed, error: unknown): void {
    outlet.answers += 1;
    // It may have been given up.
    if (!outlet.unconfirmed.delete(unconfirmed)) return;
    this.#leave();
    if (isNack(error)) this.#retire(outlet);
    if (outlet.isRetired && outlet.unconfirmed.size === 0) outlet.channel.close().catch(() => undefined);
    if (error !== null && error !== undefined) unconfirmed.reject(refusalOf(outlet, unconfirmed, toError(error)));
    else if (unconfirmed.isReturned) unconfirmed.reject(unroutable(unconfirmed.route));
    else unconfirmed.resolve();
  }

  /** Looks now and then, as long as there is anything to wait for. */
  #watch(outlet: Outlet): void {
    outlet.tick = this.#clock.setTimer(() => this.#look(outlet), tickMs, { background: true });
  }

  #look(outlet: Outlet): void {
    outlet.tick = undefined;
    if (outlet.unconfirmed.size === 0) {
      outlet.silentTicks = 0;
      return;
    }
    const isSilent = outlet.answers === outlet.answersSeen && !this.#broker.isBlocked();
    outlet.silentTicks = isSilent ? outlet.silentTicks + 1 : 0;
    outlet.answersSeen = outlet.answers;
    if (outlet.silentTicks < giveUpAfterTicks) this.#watch(outlet);
    else this.#giveUp(outlet);
  }

  /**
   * Nothing more is published over it: RabbitMQ 3.10 goes on refusing on a channel that has published to a quorum queue while that had no leader, long after it has one again.
   */
  #retire(outlet: Outlet): void {
    outlet.isRetired = true;
    if (this.#outlet === outlet) this.#outlet = undefined;
  }

  /** Its channel stands still at the broker; another one may be answered. */
  #giveUp(outlet: Outlet): void {
    if (this.#outlet === outlet) this.#outlet = undefined;
    outlet.channel.close().catch(() => undefined);
    const given = [...outlet.unconfirmed];
    outlet.unconfirmed.clear();
    for (const { reject } of given) {
      this.#leave();
      reject(
        new ChannelClosedError(
          `RabbitMQ has confirmed nothing for ${giveUpAfterTicks * tickMs} ms; it may have taken the message.`,
        ),
      );
    }
  }

  #leave(): void {
    this.#unconfirmed -= 1;
    if (this.#unconfirmed === 0) this.#idle?.resolve();
  }

  async #openOutlet(): Promise<Outlet> {
    this.#opening ??= this.#openOne().finally(() => {
      this.#opening = undefined;
    });
    return await this.#opening;
  }

  async #openOne(): Promise<Outlet> {
    let channel: ConfirmChannel;
    try {
      channel = await answered(this.#broker.openChannel(), this.#clock, 'a channel to publish over');
    } catch (error) {
      throw channelError(error);
    }
    const outlet: Outlet = {
      channel,
      unconfirmed: new Set(),
      refusal: undefined,
      ...{ answers: 0, answersSeen: 0, silentTicks: 0, tick: undefined, isRetired: false },
    };
    channel.on('error', (error) => {
      outlet.refusal = toError(error);
    });
    channel.on('close', () => {
      if (this.#outlet === outlet) this.#outlet = undefined;
    });
    channel.on('return', (returned) => onReturned(outlet, returned));
    this.#outlet = outlet;
    return outlet;
  }
}

function fieldsOf(message: Message): Options.Publish {
  const { expiration } = message.properties;
  // The broker would close the channel for it, and nobody could say for which of its messages.
  if (expiration !== undefined && !/^\d+$/.test(expiration))
    throw new EncodeError(`The expiration '${expiration}' is no whole number of milliseconds.`);
  return publishFields(message);
}

/** The broker gives no number: what comes back is the oldest that is like it, as returns keep the order of the publishes. */
function onReturned({ unconfirmed: sent }: Outlet, { fields, properties }: Returned): void {
  const correlationId: unknown = properties.correlationId;
  for (const unconfirmed of sent) {
    const { route, isReturned, isMandatory } = unconfirmed;
    if (!isMandatory || isReturned || route.exchange !== fields.exchange || route.routingKey !== fields.routingKey)
      continue;
    if (unconfirmed.correlationId !== correlationId) continue;
    unconfirmed.isReturned = true;
    return;
  }
}

function refusalOf({ refusal }: Outlet, unconfirmed: Unconfirmed, error: Error): Error {
  if (refusal === undefined) return isNack(error) ? notTaken(unconfirmed.route, error) : channelError(error);
  const { exchange } = unconfirmed.route;
  const named = / exchange '(.*)' in vhost/.exec(refusal.message)?.[1];
  const largest = /larger than (?:configured )?max size (\d+)/.exec(refusal.message)?.[1];
  const code = codeOf(refusal);
  const isMeant =
    (code === replyCodes.notFound && named === exchange) ||
    (code === replyCodes.accessRefused && named === exchange) ||
    (largest !== undefined && unconfirmed.size > Number(largest));
  if (isMeant && code === replyCodes.notFound)
    return new TopologyNotFoundError(`There is no exchange '${exchange}' to publish to: declare it first.`, {
      cause: refusal,
    });
  if (isMeant && code === replyCodes.accessRefused) return channelError(refusal);
  if (isMeant)
    return new TransportError(
      'CTQ_MESSAGE_TOO_LARGE',
      `A message of ${unconfirmed.size} bytes is more than the broker takes (${largest}): send less, or raise its max_message_size.`,
      { cause: refusal, recoverable: false },
    );
  return new ChannelClosedError(
    'The broker closed the channel for another message; it may have taken this one or not.',
    {
      cause: refusal,
    },
  );
}

/** amqplib 2.3 lib/channel.js. */
function isNack(error: unknown): boolean {
  return error instanceof Error && error.message === 'message nacked';
}

/** A queue at its length limit that rejects what is published (`x-overflow: reject-publish`), or a broker that failed to store it. */
function notTaken({ exchange, routingKey }: Route, cause: Error): TransportError {
  return new TransportError(
    'CTQ_PUBLISH_REFUSED',
    `The broker did not take a message to exchange '${exchange}' by '${routingKey}': a queue is at its limit, or could not store it.`,
    { cause, recoverable: true },
  );
}

function unroutable({ exchange, routingKey }: Route): UnroutableError {
  return new UnroutableError(`No queue took the message to exchange '${exchange}' by '${routingKey}'.`, {
    details: { exchange, routingKey },
  });
}

/** amqplib throws at once for a closed channel, and for headers that fit in no frame. */
function unsendable(thrown: unknown): Error {
  const error = toError(thrown);
  if (error instanceof RangeError || error instanceof TypeError)
    return new EncodeError(`The message cannot be written as AMQP: ${error.message}`, { cause: error });
  return channelError(error);
}
