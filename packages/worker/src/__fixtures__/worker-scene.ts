import { type AppOptions, Ctq } from '@ctq/core';
import { memoryBackend } from '@ctq/core/backend';
import { type Message, memoryTransport } from '@ctq/messaging';
import { createLogger, Deadline, type LogRecord, VirtualClock } from '@ctq/runtime';
import { Worker } from '../worker.js';
import type { WorkerOptions } from '../worker-options.js';

/** An app over memory, on a clock that stands still, and what its worker says. */
export class WorkerScene implements AsyncDisposable {
  readonly clock: VirtualClock = new VirtualClock();
  readonly lines: LogRecord[] = [];
  readonly app: Ctq;
  readonly #waiting: { readonly pattern: RegExp; readonly resolve: (line: LogRecord) => void }[] = [];
  readonly #workers: Worker[] = [];

  constructor(options: AppOptions = {}) {
    const logger = createLogger((line) => this.#onLine(line));
    this.app = new Ctq('test', {
      broker: memoryTransport(),
      backend: memoryBackend(),
      clock: this.clock,
      logger,
      ...options,
    });
  }

  /** Starts a worker; tasks are to be registered before. */
  async start(options: WorkerOptions = {}): Promise<Worker> {
    const worker = this.worker(options);
    await worker.start();
    return worker;
  }

  worker(options: WorkerOptions = {}): Worker {
    // Alone and silent: who wants to see how workers of a cluster behave says so.
    const alone = { heartbeat: false, mingle: false, gossip: false };
    const worker = new Worker(this.app, { hostname: 'w1@host', logLevel: 'debug', ...alone, ...options });
    this.#workers.push(worker);
    return worker;
  }

  /** Puts a message on the queue as it is. */
  async publish(message: Partial<Message>, queue: string = 'celery'): Promise<void> {
    await using connection = await this.app.connect();
    await connection.producer.publish(
      {
        body: new Uint8Array(),
        contentType: 'application/json',
        contentEncoding: 'utf-8',
        headers: {},
        properties: {},
        ...message,
      },
      { exchange: '', routingKey: queue },
      { declare: [this.app.kernel.queues.named(queue)] },
    );
  }

  /** A protocol 2 message of a task. */
  async publishTask(task: string, body: unknown, headers: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const id = crypto.randomUUID();
    await this.publish({
      body: encode(body),
      headers: { task, id, lang: 'py', ...headers },
      properties: { correlationId: id },
    });
    return id;
  }

  /** Resolves with the first line, past or future, that matches. */
  async line(pattern: RegExp): Promise<LogRecord> {
    const found = this.lines.find(({ message }) => pattern.test(message));
    return found ?? (await new Promise<LogRecord>((resolve) => this.#waiting.push({ pattern, resolve })));
  }

  /** Messages that wait in a queue, parked ones included. */
  async waiting(queue: string = 'celery'): Promise<number> {
    await using connection = await this.app.connect();
    const channel = await connection.openChannel();
    return (
      await channel.declareQueue({ name: queue, durable: true, exclusive: false, autoDelete: false, passive: true })
    ).messageCount;
  }

  after(ms: number): Deadline {
    return Deadline.after(ms, this.clock);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const worker of this.#workers) await worker.stop(this.after(0));
    await this.app.close();
  }

  #onLine(line: LogRecord): void {
    this.lines.push(line);
    for (const waiting of [...this.#waiting]) {
      if (!waiting.pattern.test(line.message)) continue;
      this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
      waiting.resolve(line);
    }
  }
}

export function encode(value: unknown): Uint8Array {
  return new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));
}
