import {
  type Connection,
  createContentCodec,
  declareQueue,
  type ContentCodec,
  type EncodeOptions,
  type MessageHeaders,
  openConnection,
  type Queue,
} from '@ctq/messaging';
import { createPickleReader } from '@ctq/messaging/pickle';
import { Deadline, deferred } from '@ctq/runtime';
import type { RedisOptions } from '@ctq/transport-redis';
import { type Place, transportOf } from './places.js';

/** A message to publish. */
export interface CtqMessage {
  readonly body: unknown;
  readonly exchange?: string;
  readonly routingKey: string;
  readonly priority?: number;
  readonly headers?: MessageHeaders;
}

/** A message that was received and acknowledged. */
export interface CtqReceived {
  readonly queue: string;
  readonly body: unknown;
  readonly routingKey: string;
  readonly priority: number | undefined;
  readonly headers: MessageHeaders;
}

/** A program with ctq's messaging alone, without an app: the counterpart of `KombuPeer`. */
export class CtqPeer implements AsyncDisposable {
  readonly connection: Connection;
  readonly #codec: ContentCodec = createContentCodec({
    accept: ['json', 'yaml', 'msgpack', 'pickle', 'text/plain', 'application/data'],
    serializers: [createPickleReader()],
  });

  /** @param options of the transport, where it is Redis's */
  constructor(place: Place, options: RedisOptions = {}) {
    this.connection = openConnection({ transport: transportOf(place, options) });
  }

  /** Declares queues, their exchanges and bindings. */
  async declare(queues: readonly Queue[]): Promise<void> {
    const channel = await this.connection.openChannel();
    for (const queue of queues) await declareQueue(channel, queue);
    await channel.close();
  }

  /** Resolves with how many messages waited in them. */
  async deleteQueues(names: readonly string[]): Promise<number> {
    const channel = await this.connection.openChannel();
    const counts = await Promise.all(names.map((name) => channel.deleteQueue(name)));
    await channel.close();
    return counts.reduce((sum, count) => sum + count, 0);
  }

  async publish(messages: readonly CtqMessage[], options: EncodeOptions = {}): Promise<void> {
    const { producer } = this.connection;
    const published = messages.map(({ body, exchange = '', routingKey, priority, headers: own = {} }) => {
      const { compression, ...content } = this.#codec.encode(body, options);
      const headers = compression === undefined ? own : { ...own, compression };
      const properties = { deliveryMode: 2, ...(priority === undefined ? {} : { priority }) } as const;
      return producer.publish({ ...content, headers, properties }, { exchange, routingKey });
    });
    await Promise.all(published);
  }

  /** Consumes until it is closed. Resolves when nothing that is published from now on is missed. */
  async listen(queues: readonly Queue[]): Promise<CtqListener> {
    const received: CtqReceived[] = [];
    let waiting: { readonly count: number; readonly reached: () => void } | undefined;
    const consumer = this.connection.consume({
      queues,
      onDelivery: (delivery) => {
        const { queue, route, message } = delivery;
        const { headers } = message;
        const { priority } = message.properties;
        void delivery.ack().then(() => {
          received.push({ queue, body: this.#codec.decode(message), routingKey: route.routingKey, priority, headers });
          if (waiting !== undefined && received.length >= waiting.count) waiting.reached();
        });
      },
    });
    await consumer.start();
    return {
      receive: async (count) => {
        const reached = deferred();
        waiting = { count, reached: reached.resolve };
        if (received.length < count) await Deadline.after(20_000).wait(reached.promise);
        return received.splice(0, count);
      },
      close: async () => {
        await consumer.close();
        return received.splice(0);
      },
    };
  }

  /** Declares, consumes, and ends. */
  async take(queue: Queue, count: number): Promise<readonly CtqReceived[]> {
    const listener = await this.listen([queue]);
    const taken = await listener.receive(count);
    return [...taken, ...(await listener.close())];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.connection.close();
  }
}

export interface CtqListener {
  /** The next messages, acknowledged; fewer when they do not come. */
  receive(count: number): Promise<readonly CtqReceived[]>;
  /** Resolves with what came and was not asked for. */
  close(): Promise<readonly CtqReceived[]>;
}

/** Deletes queues, which an earlier run may have left; resolves with how many messages waited in them. */
export async function deleteQueues(place: Place, names: readonly string[]): Promise<number> {
  await using peer = new CtqPeer(place);
  return await peer.deleteQueues(names);
}
