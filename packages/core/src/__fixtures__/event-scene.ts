import { exchange, memoryTransport } from '@ctq/messaging';
import { createLogger, deferred, type LogRecord, VirtualClock } from '@ctq/runtime';
import type { AppOptions } from '../app/app-kernel.js';
import { Ctq } from '../app/ctq.js';
import { EventReceiver, type EventReceiverOptions } from '../events/event-receiver.js';

/** An app over memory, on a clock that stands still, to send events to and hear them. */
export class EventScene implements AsyncDisposable {
  readonly clock: VirtualClock = new VirtualClock();
  readonly lines: LogRecord[] = [];
  readonly app: Ctq;
  readonly #receivers: EventReceiver[] = [];

  constructor(options: AppOptions = {}) {
    const logger = createLogger((line) => this.lines.push(line));
    this.app = new Ctq('test', { broker: memoryTransport(), clock: this.clock, logger, ...options });
  }

  receiver(options: EventReceiverOptions = {}): EventReceiver {
    const receiver = new EventReceiver(this.app, options);
    this.#receivers.push(receiver);
    return receiver;
  }

  async listening(options: EventReceiverOptions = {}): Promise<EventReceiver> {
    const receiver = this.receiver(options);
    await receiver.start();
    return receiver;
  }

  /** As Python sends them: a value in JSON, a text as it is. */
  async send(
    body: unknown,
    routingKey: string = 'task.multi',
    contentType: string = 'application/json',
  ): Promise<void> {
    await using connection = await this.app.connect('publish');
    const declared = exchange(this.app.settings.eventExchange, { type: 'topic' });
    await connection.producer.publish(
      {
        body: new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body)),
        ...{ contentType, contentEncoding: 'utf-8' },
        headers: { hostname: 'w1@host' },
        properties: { deliveryMode: 1 },
      },
      { exchange: declared.name, routingKey },
      { declare: [declared] },
    );
  }

  /** Resolves when a receiver has heard everything that was sent before. */
  async heard(receiver: EventReceiver): Promise<void> {
    const last = deferred<unknown>();
    const off = receiver.on('last', last.resolve);
    await this.send({ type: 'last' });
    await last.promise;
    off();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const receiver of this.#receivers) await receiver.close();
    await this.app.close();
  }
}
