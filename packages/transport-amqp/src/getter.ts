import { ChannelClosedError } from '@ctq/messaging';
import type { ConsumeOptions, Delivery } from '@ctq/messaging/transport';
import { type Clock, toError } from '@ctq/runtime';
import type { Channel } from 'amqplib';
import { channelError } from './amqp-errors.js';
import { answered } from './answer.js';
import type { DelayedDelivery } from './delayed-delivery.js';
import { Desk } from './desk.js';

export interface GetterOptions {
  readonly open: () => Promise<Channel>;
  readonly clock: Clock;
  readonly delays: DelayedDelivery;
}

interface OpenGetter {
  readonly channel: Channel;
  readonly desk: Desk;
  /** Why the broker closed it. */
  refusal: Error | undefined;
}

/** Takes single messages, over a channel of AMQP of its own. */
export class Getter {
  readonly #options: GetterOptions;
  #opened: Promise<OpenGetter> | undefined;
  #isClosed = false;

  constructor(options: GetterOptions) {
    this.#options = options;
  }

  async get(queue: string, { noAck = false }: ConsumeOptions = {}): Promise<Delivery | undefined> {
    if (this.#isClosed) throw new ChannelClosedError('The channel is closed.');
    this.#opened ??= this.#open();
    const opened = await this.#opened;
    try {
      const asked = opened.channel.get(queue, { noAck });
      const message = await answered(asked, this.#options.clock, `a message of queue '${queue}'`);
      return message === false ? undefined : opened.desk.book(message, queue, noAck);
    } catch (error) {
      // A channel that does not answer is of no use, and may not even take leave.
      if (ChannelClosedError.isInstance(error)) {
        this.#opened = undefined;
        opened.desk.lose();
        opened.channel.close().catch(() => undefined);
      }
      throw channelError(opened.refusal ?? error);
    }
  }

  /** Idempotent. What is not settled goes back. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const opened = await this.#opened?.catch(() => undefined);
    this.#opened = undefined;
    opened?.desk.close();
    await opened?.channel.close().catch(() => undefined);
  }

  async #open(): Promise<OpenGetter> {
    const { open, clock, delays } = this.#options;
    try {
      const channel = await open();
      const desk = new Desk({ channel, clock, delays, onSettled: () => undefined, onIdle: () => undefined });
      const opened: OpenGetter = { channel, desk, refusal: undefined };
      channel.on('error', (error) => {
        opened.refusal = toError(error);
      });
      channel.on('close', () => {
        desk.lose();
        this.#opened = undefined;
      });
      return opened;
    } catch (error) {
      this.#opened = undefined;
      throw channelError(error);
    }
  }
}
