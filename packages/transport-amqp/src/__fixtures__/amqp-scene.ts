import { randomUUID } from 'node:crypto';
import type { Message, MessageProperties } from '@ctq/messaging';
import type { Channel, Delivery, QueueDeclaration, TransportConnection } from '@ctq/messaging/transport';
import { type Clock, createLogger, type LogRecord, systemClock } from '@ctq/runtime';
import { amqp } from '../amqp-transport.js';
import type { AmqpOptions } from '../amqp-options.js';

/** Connections to RabbitMQ, and queues that are gone with it. */
export class AmqpScene implements AsyncDisposable {
  readonly lines: LogRecord[] = [];
  readonly #options: AmqpOptions;
  readonly #connections: TransportConnection[] = [];
  readonly #queues: string[] = [];

  constructor(options: AmqpOptions) {
    this.#options = options;
  }

  async connection(clock: Clock = systemClock, options: AmqpOptions = {}): Promise<TransportConnection> {
    const logger = createLogger((line) => this.lines.push(line));
    const transport = amqp({ ...this.#options, ...options });
    const connection = await transport.connect({ clock, logger }, AbortSignal.timeout(10_000));
    this.#connections.push(connection);
    return connection;
  }

  async channel(): Promise<Channel> {
    return await (await this.connection()).openChannel();
  }

  /** A durable queue of its own; its name. */
  async queue(channel: Channel, given: QueueDeclaration['arguments'] = {}, name: string = 'ctq'): Promise<string> {
    const queue = `${name}.${randomUUID()}`;
    await channel.declareQueue({
      ...{ name: queue, durable: true, exclusive: false, autoDelete: false },
      arguments: given,
    });
    this.#queues.push(queue);
    return queue;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const channel = await this.channel();
    for (const queue of this.#queues) await channel.deleteQueue(queue);
    for (const connection of this.#connections) await connection.close();
  }
}

export function textMessage(
  text: string,
  properties: MessageProperties = {},
  headers: Message['headers'] = {},
): Message {
  return {
    ...{ body: Buffer.from(text), contentType: 'text/plain', contentEncoding: 'utf-8' },
    ...{ headers, properties: { deliveryMode: 2 as const, ...properties } },
  };
}

export function textOf({ message }: Pick<Delivery, 'message'>): string {
  return Buffer.from(message.body).toString();
}

/** What a consumer is given, one after the other. */
export interface Inbox {
  readonly count: number;
  readonly onDelivery: (delivery: Delivery) => void;
  readonly next: () => Promise<Delivery>;
}

export function inbox(): Inbox {
  const arrived: Delivery[] = [];
  const waiting: ((delivery: Delivery) => void)[] = [];
  let count = 0;
  return {
    get count() {
      return count;
    },
    onDelivery: (delivery: Delivery): void => {
      count += 1;
      const next = waiting.shift();
      if (next === undefined) arrived.push(delivery);
      else next(delivery);
    },
    next: (): Promise<Delivery> => {
      const delivery = arrived.shift();
      return delivery === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(delivery);
    },
  };
}
