import type { Ctq } from '@ctq/core';
import { type Connection, type Delivery, exchange, queue } from '@ctq/messaging';

export type HeardEvent = Readonly<Record<string, unknown>> & { readonly type: string };

interface Waiting {
  readonly isMeant: (event: HeardEvent) => boolean;
  readonly resolve: (event: HeardEvent) => void;
}

/** What a monitor hears: everything of a topic exchange. */
export class Monitor implements AsyncDisposable {
  readonly deliveries: Delivery[] = [];
  /** Those of lists for themselves. */
  readonly events: HeardEvent[] = [];
  readonly #connection: Connection;
  readonly #waiting = new Set<Waiting>();
  readonly #takers: ((delivery: Delivery) => void)[] = [];
  #taken = 0;

  private constructor(connection: Connection) {
    this.#connection = connection;
  }

  static async of(app: Ctq, exchangeName: string = 'celeryev'): Promise<Monitor> {
    const connection = await app.connect();
    const monitor = new Monitor(connection);
    const own = queue('monitor', { exchange: exchange(exchangeName, { type: 'topic' }), routingKey: '#' });
    await connection
      .consume({ queues: [own], noAck: true, onDelivery: (delivery) => monitor.#onDelivery(delivery) })
      .start();
    return monitor;
  }

  /** Their types, in the order in which they came. */
  get types(): readonly string[] {
    return this.events.map(({ type }) => type);
  }

  /** The next message that was not asked for yet. */
  async next(): Promise<Delivery> {
    this.#taken += 1;
    return this.deliveries[this.#taken - 1] ?? (await new Promise((resolve) => this.#takers.push(resolve)));
  }

  /** Resolves with the first event, past or future, that is of this type, and of this task or worker. */
  async event(type: string, of?: string): Promise<HeardEvent> {
    const isMeant = (event: HeardEvent): boolean =>
      event.type === type && (of === undefined || event['uuid'] === of || event['hostname'] === of);
    const found = this.events.find(isMeant);
    return found ?? (await new Promise((resolve) => this.#waiting.add({ isMeant, resolve })));
  }

  /** Nothing was heard so far. */
  clear(): void {
    this.events.length = 0;
    this.deliveries.length = 0;
    this.#taken = 0;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#connection.close();
  }

  #onDelivery(delivery: Delivery): void {
    this.deliveries.push(delivery);
    this.#takers.shift()?.(delivery);
    const body = bodyOf(delivery);
    for (const event of Array.isArray(body) ? body : [body]) {
      this.events.push(event);
      for (const waiting of [...this.#waiting]) {
        if (!waiting.isMeant(event)) continue;
        this.#waiting.delete(waiting);
        waiting.resolve(event);
      }
    }
  }
}

export function bodyOf({ message }: Delivery): HeardEvent | HeardEvent[] {
  return JSON.parse(new TextDecoder().decode(message.body)) as HeardEvent | HeardEvent[];
}
