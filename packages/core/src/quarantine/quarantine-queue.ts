import { type Connection, type Delivery, type Message, type Queue, queue, TopologyNotFoundError } from '@ctq/messaging';
import type { Channel } from '@ctq/messaging/transport';
import type { Clock } from '@ctq/runtime';
import type { Settings } from '../config/settings.js';
import type { QueueTable } from '../routing/queue-table.js';
import type { PublishConnection } from '../sending/publish-connection.js';
import type { QuarantineChoice, QuarantineDesk, QuarantinedMessage } from './quarantine.js';
import { noteOf, quarantined, type QuarantineReason, redriven } from './quarantine-note.js';

export interface QuarantineContext {
  readonly settings: Pick<Settings, 'taskQuarantineQueue' | 'taskCreateMissingQueues'>;
  readonly queues: QueueTable;
  readonly connect: () => Promise<Connection>;
  readonly publishing: PublishConnection;
  readonly clock: Clock;
}

/** A quarantine that is a queue of the broker. */
export class QuarantineQueue implements QuarantineDesk {
  readonly queue: string;
  readonly name: string;
  readonly #context: QuarantineContext;

  constructor(queueName: string, context: QuarantineContext) {
    this.queue = queueName;
    this.name = context.settings.taskQuarantineQueue.replaceAll('{queue}', queueName);
    this.#context = context;
  }

  async put(message: Message, reason: QuarantineReason): Promise<void> {
    const { publishing, clock } = this.#context;
    const { producer } = await publishing.open();
    const noted = quarantined(message, this.queue, reason, clock.now());
    await producer.publish(noted, { exchange: '', routingKey: this.name }, { declare: [queue(this.name)] });
  }

  async list({ limit = 100 }: { readonly limit?: number } = {}): Promise<readonly QuarantinedMessage[]> {
    const found: QuarantinedMessage[] = [];
    await this.#visit((one) => {
      if (found.length < limit) found.push(one);
      return found.length >= limit;
    });
    return found;
  }

  async show(id: string): Promise<QuarantinedMessage | undefined> {
    let found: QuarantinedMessage | undefined;
    await this.#visit((one) => {
      if (one.id === id) found = one;
      return found !== undefined;
    });
    return found;
  }

  async redrive(choice: QuarantineChoice): Promise<readonly string[]> {
    const { clock, publishing } = this.#context;
    const ids: string[] = [];
    await this.#visit(async (one, delivery) => {
      if (!isChosen(one, choice)) return;
      const { producer } = await publishing.open();
      // Published before it is let go of: whoever dies in between leaves two, and not none.
      await producer.publish(
        redriven(one.message, clock.now()),
        { exchange: '', routingKey: one.queue },
        { declare: [this.#described(one.queue)] },
      );
      await delivery.ack();
      ids.push(one.id);
    });
    return ids;
  }

  async purge(choice: QuarantineChoice): Promise<number> {
    let count = 0;
    await this.#visit(async (one, delivery) => {
      if (!isChosen(one, choice)) return;
      await delivery.ack();
      count += 1;
    });
    return count;
  }

  #described(name: string): Queue {
    const { queues, settings } = this.#context;
    const known = queues.known.find((one) => one.name === name);
    return known ?? (settings.taskCreateMissingQueues ? queues.named(name) : queue(name));
  }

  /** Takes what is there now, one after the other, until the visitor has seen enough. What it did not settle goes back to where it was. */
  async #visit(visitor: (one: QuarantinedMessage, delivery: Delivery) => boolean | Promise<void>): Promise<void> {
    await using connection = await this.#context.connect();
    const channel = await connection.openChannel();
    try {
      const count = await countOf(channel, this.name);
      for (let index = 0; index < count; index += 1) {
        const delivery = await channel.get(this.name, { includeExpired: true });
        if (delivery === undefined) return;
        if ((await visitor(readQuarantined(delivery.message, this.queue), delivery)) === true) return;
      }
    } finally {
      await channel.close();
    }
  }
}

function isChosen({ id }: QuarantinedMessage, choice: QuarantineChoice): boolean {
  return choice === 'all' || choice.includes(id);
}

async function countOf(channel: Channel, name: string): Promise<number> {
  try {
    const declared = { name, durable: true, exclusive: false, autoDelete: false, passive: true };
    return (await channel.declareQueue(declared)).messageCount;
  } catch (error) {
    // Nothing was ever put there.
    if (TopologyNotFoundError.isInstance(error)) return 0;
    throw error;
  }
}

function readQuarantined(message: Message, queueName: string): QuarantinedMessage {
  const { headers, properties } = message;
  const note = noteOf(message);
  return {
    id: typeof headers['id'] === 'string' ? headers['id'] : (properties.correlationId ?? ''),
    task: typeof headers['task'] === 'string' ? headers['task'] : undefined,
    queue: note?.queue ?? queueName,
    reason: note?.reason ?? 'unknown',
    quarantinedAt: note?.quarantinedAt,
    history: note?.history ?? [],
    message,
  };
}
