import type { Channel } from 'amqplib';
import type { ServerVersion } from './server-version.js';

/**
 * Versions whose quorum queues know consumers that may be given nothing (rabbit_quorum_queue.erl, parse_credit_args). Before and after RabbitMQ takes no notice of the argument, and
 * would give them messages: 4 has it for AMQP 1.0 only.
 */
const credit = { since: [3, 9, 0], until: [4, 0, 0] };

/** By these types, and by no others. */
const noCredit = { 'x-credit': { credit: { '!': 'long', value: 0 }, drain: false } };

/**
 * The log of a quorum queue, behind which a channel's acknowledgements may lag. RabbitMQ sends the log no more than 32 of them ahead of what it has written down; what comes
 * then is kept in the channel until those are written, and thrown away when the channel ends before that (rabbitmq-server 3.8 to 4.3 rabbit_fifo_client.erl, `settle` and
 * `unsent_commands`): messages that were acknowledged are delivered again. The end of a consumer waits for its own entry in the log, and so for all that was sent
 * before; then the channel sends what it has kept, and that is with the log before the channel's end is.
 */
export class QuorumLog {
  readonly #queue: string;
  readonly #hasCredit: boolean;

  constructor(queue: string, version: ServerVersion) {
    this.#queue = queue;
    this.#hasCredit = version.isAtLeast(credit.since) && !version.isAtLeast(credit.until);
  }

  /**
   * Resolves when the log has all that the channel has acknowledged, and the channel may be closed. It gets no message by that.
   * @param consumer the tag of one that the channel has, which ends; without one another comes and goes that may be given nothing. Where there is no such
   *   consumer nothing is done.
   */
  async reach(channel: Channel, consumer: string | undefined): Promise<void> {
    if (consumer !== undefined) {
      await channel.cancel(consumer);
      return;
    }
    if (!this.#hasCredit) return;
    const { consumerTag } = await channel.consume(this.#queue, () => undefined, { arguments: noCredit });
    await channel.cancel(consumerTag);
  }
}
