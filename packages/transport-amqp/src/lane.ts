import { ChannelClosedError } from '@ctq/messaging';
import { type Clock, toError } from '@ctq/runtime';
import type { Channel } from 'amqplib';
import { channelError } from './amqp-errors.js';
import { answered } from './answer.js';

/**
 * One channel of AMQP for one purpose. The broker says no by closing the channel that was asked: it is opened again for whoever asks next, and what goes on over other
 * lanes does not notice. One at a time, as the answers come.
 */
export class Lane<Opened extends Channel> {
  readonly #open: () => Promise<Opened>;
  readonly #clock: Clock;
  #opened: Opened | undefined;
  /** Why the broker closed the last one. */
  #refusal: Error | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #asking = 0;
  #isClosed = false;

  constructor(open: () => Promise<Opened>, clock: Clock) {
    this.#open = open;
    this.#clock = clock;
  }

  /** Whether somebody waits for an answer. */
  get isBusy(): boolean {
    return this.#asking > 0;
  }

  /** @throws TransportError by what the broker said. */
  async use<Answer>(ask: (channel: Opened) => Promise<Answer>): Promise<Answer> {
    this.#asking += 1;
    const asked = this.#last.then(() => this.#ask(ask));
    this.#last = asked.catch(() => undefined);
    try {
      return await asked;
    } finally {
      this.#asking -= 1;
    }
  }

  /** Idempotent. What is asked is answered first. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#last;
    const opened = this.#opened;
    this.#opened = undefined;
    if (opened !== undefined) await answered(opened.close(), this.#clock, 'a goodbye').catch(() => undefined);
  }

  async #ask<Answer>(ask: (channel: Opened) => Promise<Answer>): Promise<Answer> {
    if (this.#isClosed) throw new ChannelClosedError('The channel is closed.');
    const asked = this.#openAnd(ask);
    try {
      return await answered(asked, this.#clock, 'a question about exchanges or queues');
    } catch (error) {
      // What it may answer yet is of no interest; it may not even take leave.
      const silent = ChannelClosedError.isInstance(error) ? this.#opened : undefined;
      if (silent !== undefined) this.#opened = undefined;
      silent?.close().catch(() => undefined);
      throw channelError(this.#refusal ?? error);
    } finally {
      this.#refusal = undefined;
    }
  }

  async #openAnd<Answer>(ask: (channel: Opened) => Promise<Answer>): Promise<Answer> {
    this.#opened ??= await this.#openOne();
    return await ask(this.#opened);
  }

  async #openOne(): Promise<Opened> {
    const channel = await this.#open();
    channel.on('error', (error) => {
      this.#refusal = toError(error);
    });
    channel.on('close', () => {
      if (this.#opened === channel) this.#opened = undefined;
    });
    return channel;
  }
}
