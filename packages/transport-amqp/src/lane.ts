import { ChannelClosedError } from '@ctq/messaging';
import { toError } from '@ctq/runtime';
import type { Channel } from 'amqplib';
import { channelError } from './amqp-errors.js';

/**
 * One channel of AMQP for one purpose. The broker says no by closing the channel that was asked: it is opened again for whoever asks next, and what goes on over other
 * lanes does not notice. One at a time, as the answers come.
 */
export class Lane<Opened extends Channel> {
  readonly #open: () => Promise<Opened>;
  #opened: Opened | undefined;
  /** Why the broker closed the last one. */
  #refusal: Error | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #asking = 0;
  #isClosed = false;

  constructor(open: () => Promise<Opened>) {
    this.#open = open;
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
    await opened?.close().catch(() => undefined);
  }

  async #ask<Answer>(ask: (channel: Opened) => Promise<Answer>): Promise<Answer> {
    if (this.#isClosed) throw new ChannelClosedError('The channel is closed.');
    try {
      this.#opened ??= await this.#openOne();
      return await ask(this.#opened);
    } catch (error) {
      throw channelError(this.#refusal ?? error);
    } finally {
      this.#refusal = undefined;
    }
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
