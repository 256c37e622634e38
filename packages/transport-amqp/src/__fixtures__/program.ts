import {
  type Connection,
  type Consumer,
  type Delivery,
  type Message,
  openConnection,
  type Queue,
  PublishTimeoutError,
  UnroutableError,
} from '@ctq/messaging';
import type { Transport } from '@ctq/messaging/transport';
import { deferred } from '@ctq/runtime';
import { onTestFinished } from 'vitest';

/** Nobody is deaf for longer after a fault is over. */
export const patienceMs = 10_000;

/**
 * The same with quorum queues when a node is gone or back: a consumer that comes while a queue has no leader is sometimes answered by RabbitMQ only when it has waited for
 * 30 s for one that it has long had (rabbitmq-server 3.10 rabbit_fifo_client.erl, COMMAND_TIMEOUT).
 */
export const quorumPatienceMs = 45_000;

export function textMessage(text: string, properties: Message['properties'] = { deliveryMode: 2 }): Message {
  const body = new TextEncoder().encode(text);
  return { body, contentType: 'text/plain', contentEncoding: 'utf-8', headers: {}, properties };
}

export function textOf({ message }: { readonly message: Message }): string {
  return new TextDecoder().decode(message.body);
}

/** @throws Error that names what was waited for. */
export async function within<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${ms} ms`)), ms);
  });
  return await Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** Tries until it holds; the test's own time is the limit. */
export async function eventually(holds: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}

export interface ProgramOptions {
  /** How the consumer reaches the broker, where it is another way than the producer's. */
  readonly consumerTransport?: Transport | readonly Transport[];
  /** How long one attempt to publish may take. Default 30 s. */
  readonly publishTimeoutMs?: number;
  /** Of the test's own context, where tests run beside each other: the hook that is imported is that of any one of them then. */
  readonly onTestFinished?: (end: () => Promise<void>) => void;
}

/** A producer and a consumer of some queues, each with a connection of its own, that never stop trying. They end with the test. */
export class Program {
  readonly producing: Connection;
  readonly consuming: Connection;
  readonly consumer: Consumer;
  /** What came, in its order, the second time included. */
  readonly got: string[] = [];
  /** Why consuming was interrupted, and that it went on. */
  readonly events: ('resumed' | { readonly interrupted: Error | undefined })[] = [];
  readonly #queues: readonly Queue[];
  readonly #arrivals = new Map<string, () => void>();

  private constructor(
    transport: Transport | readonly Transport[],
    queues: readonly Queue[],
    { consumerTransport = transport, publishTimeoutMs = 30_000 }: ProgramOptions,
  ) {
    const retry = { firstMs: 20, maxMs: 500 };
    this.#queues = queues;
    this.producing = openConnection({ transport, retry, publishTimeoutMs });
    this.consuming = openConnection({ transport: consumerTransport, retry });
    this.consumer = this.consuming.consume({
      queues,
      prefetch: 10,
      onDelivery: (delivery) => this.#onDelivery(delivery),
      onInterrupted: (interrupted) => this.events.push({ interrupted }),
      onResumed: () => this.events.push('resumed'),
    });
  }

  static async start(
    transport: Transport | readonly Transport[],
    queues: readonly Queue[],
    options: ProgramOptions = {},
  ): Promise<Program> {
    const program = new Program(transport, queues, options);
    (options.onTestFinished ?? onTestFinished)(() => program.close());
    await program.consumer.start(AbortSignal.timeout(patienceMs));
    return program;
  }

  /** To the first of the queues, or that one, again and again until it was confirmed: it may arrive twice. */
  async publish(text: string, to: string = this.#queues[0]?.name ?? ''): Promise<void> {
    const route = { exchange: '', routingKey: to };
    const retry = { maxRetries: Number.POSITIVE_INFINITY, intervalStart: 0.02, intervalStep: 0.02, intervalMax: 0.2 };
    for (;;) {
      try {
        // Or a message to a queue that is gone would be confirmed.
        return await this.producing.producer.publish(textMessage(text), route, { mandatory: true, retry });
      } catch (error) {
        // The broker owes an answer, or the queue is not there yet.
        if (UnroutableError.isInstance(error)) await new Promise((resolve) => setTimeout(resolve, 20));
        else if (!PublishTimeoutError.isInstance(error)) throw error;
      }
    }
  }

  /**
   * One message after the other, to each of these queues in turn, until it is told to stop; that resolves with those that were confirmed. What was not is not published
   * again: nothing is said of it.
   */
  keepPublishing(queues: readonly Queue[]): () => Promise<readonly string[]> {
    let isOn = true;
    const run = async (): Promise<readonly string[]> => {
      const confirmed: string[] = [];
      for (let number = 0; isOn; number += 1) {
        const routingKey = queues[number % queues.length]?.name ?? '';
        const text = `message ${number}`;
        const route = { exchange: '', routingKey };
        await this.producing.producer.publish(textMessage(text), route, { mandatory: true, retry: false }).then(
          () => confirmed.push(text),
          // The connection is on its way back.
          () => new Promise((resolve) => setTimeout(resolve, 20)),
        );
      }
      return confirmed;
    };
    const running = run();
    return () => {
      isOn = false;
      return running;
    };
  }

  arrival(text: string): Promise<void> {
    if (this.got.includes(text)) return Promise.resolve();
    const arrived = deferred();
    this.#arrivals.set(text, arrived.resolve);
    return arrived.promise;
  }

  async arrivals(texts: readonly string[], ms: number = patienceMs): Promise<void> {
    const missing = (): string[] => texts.filter((text) => !this.got.includes(text));
    const all = Promise.all(texts.map((text) => this.arrival(text)));
    await within(ms, 'every message', all).catch((error: unknown) => {
      throw new Error(`Of ${texts.length} there lack ${JSON.stringify(missing())}`, { cause: error });
    });
  }

  async close(): Promise<void> {
    await Promise.all([this.producing.close(), this.consuming.close()]);
  }

  #onDelivery(delivery: Delivery): void {
    const text = textOf(delivery);
    this.got.push(text);
    this.#arrivals.get(text)?.();
    // When it is lost with the connection the message comes again.
    delivery.ack().catch(() => undefined);
  }
}
