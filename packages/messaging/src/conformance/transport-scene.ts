import { randomUUID } from 'node:crypto';
import { type Clock, silentLogger } from '@ctq/runtime';
import type { Connection } from '../connection/connection.js';
import { openConnection } from '../connection/open-connection.js';
import { MailboxLayout } from '../mailbox/mailbox-layout.js';
import type { Channel, QueueDeclaration } from '../transport/channel.js';
import type { Delivery } from '../transport/delivery.js';
import type { ExchangeType, TransportManifest } from '../transport/manifest.js';
import type { Transport, TransportConnection } from '../transport/transport.js';
import { DeliveryCollector } from './delivery-collector.js';
import { MailboxScene } from './mailbox-scene.js';
import { textMessage } from './messages.js';
import { within } from './patience.js';

/** More than any case puts into one queue. */
const mostInAQueue = 10_000;

export interface TransportSceneOptions {
  readonly create: () => Transport;
  readonly clock: Clock;
  readonly patienceMs: number;
}

/** What one case works with: connections, channels, names nobody else uses. Everything is closed and deleted after the case. */
export class TransportScene {
  readonly supports: TransportManifest;
  readonly clock: Clock;
  readonly patienceMs: number;
  readonly #transport: Transport;
  readonly #connections: TransportConnection[] = [];
  readonly #facades: Connection[] = [];
  readonly #mailboxes: MailboxScene[] = [];
  readonly #queues: string[] = [];
  readonly #exchanges: string[] = [];

  constructor({ create, clock, patienceMs }: TransportSceneOptions) {
    this.#transport = create();
    this.supports = this.#transport.supports;
    this.clock = clock;
    this.patienceMs = patienceMs;
  }

  async connection(signal: AbortSignal = new AbortController().signal): Promise<TransportConnection> {
    const connection = await this.#transport.connect({ clock: this.clock, logger: silentLogger }, signal);
    this.#connections.push(connection);
    return connection;
  }

  /** A channel on a connection of its own. */
  async channel(): Promise<Channel> {
    return await (await this.connection()).openChannel();
  }

  /** A fresh queue; its name. */
  async queue(channel: Channel, options: Partial<QueueDeclaration> = {}): Promise<string> {
    const name = this.name('queue');
    await channel.declareQueue({ name, durable: true, exclusive: false, autoDelete: false, ...options });
    this.#queues.push(name);
    return name;
  }

  async exchange(channel: Channel, type: ExchangeType): Promise<string> {
    const name = this.name(type);
    await channel.declareExchange({ name, type, durable: true, autoDelete: false });
    this.#exchanges.push(name);
    return name;
  }

  name(what: string): string {
    return `ctq-kit.${what}.${randomUUID()}`;
  }

  /** Publishes each text to the queue, in order. */
  async send(channel: Channel, queue: string, ...texts: readonly string[]): Promise<void> {
    await Promise.all(texts.map((text) => channel.publish(textMessage(text), { exchange: '', routingKey: queue })));
  }

  /** What waits in the queue, taken one after the other and acknowledged. */
  async drain(channel: Channel, queue: string): Promise<Delivery[]> {
    const taken: Delivery[] = [];
    for (let next = await channel.get(queue); next !== undefined; next = await channel.get(queue)) {
      taken.push(next);
      await next.ack();
      if (taken.length > mostInAQueue) throw new Error(`The queue ${queue} does not become empty.`);
    }
    return taken;
  }

  /** Takes the message that must be there, waiting for it where the broker shows it late. */
  async fetch(channel: Channel, queue: string): Promise<Delivery> {
    const fetching = async (): Promise<Delivery> => {
      for (;;) {
        const delivery = await channel.get(queue);
        if (delivery !== undefined) return delivery;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };
    return await within(this.patienceMs, `a message in ${queue}`, fetching());
  }

  /** Nodes and clients of a fresh mailbox. */
  mailboxes(): MailboxScene {
    const layout = new MailboxLayout({ namespace: this.name('mailbox'), queueTtl: 300, queueExpires: 10 });
    this.#exchanges.push(layout.exchange.name, layout.replyExchange.name);
    const connect = (): Connection => {
      const connection = openConnection({ transport: this.#transport, clock: this.clock });
      this.#facades.push(connection);
      return connection;
    };
    const mailboxes = new MailboxScene({ layout, clock: this.clock, connect });
    this.#mailboxes.push(mailboxes);
    return mailboxes;
  }

  collector(): DeliveryCollector {
    return new DeliveryCollector(this.patienceMs);
  }

  async eventually<T>(what: string, work: Promise<T>): Promise<T> {
    return await within(this.patienceMs, what, work);
  }

  async close(): Promise<void> {
    await this.eventually('the end of mailboxes', Promise.all(this.#mailboxes.map((one) => one.close())));
    await Promise.all(this.#facades.map((facade) => facade.close()));
    for (const connection of this.#connections) await connection.close();
    if (this.#queues.length === 0 && this.#exchanges.length === 0) return;
    const connection = await this.#transport.connect(
      { clock: this.clock, logger: silentLogger },
      new AbortController().signal,
    );
    const channel = await connection.openChannel();
    for (const queue of this.#queues) await channel.deleteQueue(queue);
    for (const exchange of this.#exchanges) await channel.deleteExchange(exchange);
    await connection.close();
  }
}
