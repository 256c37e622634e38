import { type AppOptions, Ctq } from '@ctq/core';
import { type Message, memoryTransport, openConnection, queue, TopologyNotFoundError } from '@ctq/messaging';
import type { Transport } from '@ctq/messaging/transport';
import { createLogger, Deque, deferred, type LogRecord } from '@ctq/runtime';
import { describeWith } from '@ctq/test-services/vitest';
import { redis } from '@ctq/transport-redis';
import { Worker, type WorkerOptions } from '@ctq/worker';
import { describe, onTestFinished } from 'vitest';
import { rpc } from '../rpc-backend.js';
import { dropKeys } from './drop-keys.js';

export const soon = { timeout: '20s' } as const;

/** A broker of the test's own, with programs that share nothing but it. All is over with the test. */
export class RpcScene {
  readonly lines: LogRecord[] = [];
  readonly transport: Transport;

  constructor(transport: Transport = memoryTransport()) {
    this.transport = transport;
  }

  /** A program with its own results. */
  app(options: AppOptions = {}): Ctq {
    const app = new Ctq('shop', {
      broker: this.transport,
      backend: rpc(),
      logger: createLogger((line) => this.lines.push(line)),
      ...options,
    });
    onTestFinished(() => app.close());
    return app;
  }

  async start(app: Ctq, options: WorkerOptions = {}): Promise<Worker> {
    // There is no store that knows what is revoked: it would ask others for a second.
    const worker = new Worker(app, { hostname: 'w1@host', logLevel: 'debug', mingle: false, ...options });
    onTestFinished(() => worker.stop());
    await worker.start();
    return worker;
  }

  /** Whether there is a queue under the address of a program. */
  async hears({ kernel }: Ctq): Promise<boolean> {
    await using connection = openConnection({ transport: this.transport });
    const channel = await connection.openChannel();
    const passive = { name: kernel.sender.replyTo, durable: true, exclusive: false, autoDelete: true, passive: true };
    try {
      await channel.declareQueue(passive);
      return true;
    } catch (error) {
      if (TopologyNotFoundError.isInstance(error)) return false;
      throw error;
    }
  }

  /** Messages as they come to an address, by whomever they are sent. */
  async messagesTo(address: string): Promise<{ readonly waiting: number; next(): Promise<Message> }> {
    const connection = openConnection({ transport: this.transport });
    onTestFinished(() => connection.close());
    const come = new Deque<Message>();
    let waiting = deferred();
    const consumer = connection.consume({
      queues: [queue(address, { autoDelete: true })],
      noAck: true,
      onDelivery: ({ message }) => {
        come.pushBack(message);
        waiting.resolve();
      },
    });
    await consumer.start();
    return {
      get waiting() {
        return come.size;
      },
      async next() {
        for (;;) {
          const message = come.popFront();
          if (message !== undefined) return message;
          waiting = deferred();
          await waiting.promise;
        }
      },
    };
  }
}

/** The same suite over every broker that is here. */
export function describeOverBrokers(title: string, suite: (scene: () => RpcScene) => void): void {
  describe(`${title}, over memory`, () => {
    suite(() => new RpcScene());
  });
  describeWith('redis', `${title}, over Redis`, (url) => suite(() => new RpcScene(redisOf(url))));
}

function redisOf(url: string): Transport {
  const globalKeyprefix = `rpc-${crypto.randomUUID()}:`;
  onTestFinished(() => dropKeys(url, globalKeyprefix));
  return redis({ url, globalKeyprefix });
}
