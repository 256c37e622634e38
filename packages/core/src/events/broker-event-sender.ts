import { hostname } from 'node:os';
import { exchange, type Exchange, type Message } from '@ctq/messaging';
import type { Kernel } from '../app/kernel.js';
import type { PublishConnection } from '../sending/publish-connection.js';
import type { EventFields, EventSender, SendEventOptions } from './event-sender.js';

/** Sends events in Celery's form through the app's broker connection (celery 5.6 events/dispatcher.py, EventDispatcher). */
export class BrokerEventSender implements EventSender {
  readonly #kernel: Kernel;
  readonly #connection: PublishConnection;
  readonly #origin = `gen${process.pid}@${hostname()}`;

  constructor(kernel: Kernel, connection: PublishConnection) {
    this.#kernel = kernel;
    this.#connection = connection;
  }

  async send(
    type: string,
    fields: EventFields = {},
    { hostname: node = this.#origin }: SendEventOptions = {},
  ): Promise<void> {
    if (typeof type !== 'string' || type === '') throw new TypeError("An event has a type: 'order-packed'.");
    const { settings } = this.#kernel;
    const connection = await this.#connection.open();
    const declared = eventExchange(settings.eventExchange, connection.transport.name);
    await connection.producer.publish(
      this.#message(type, fields, node),
      // celery 5.6 events/dispatcher.py, publish: every dash.
      { exchange: declared.name, routingKey: type.replaceAll('-', '.') },
      { declare: [declared], retry: settings.taskPublishRetry ? settings.taskPublishRetryPolicy : false },
    );
  }

  #message(type: string, fields: EventFields, node: string): Message {
    const { clock, content, logicalClock, settings } = this.#kernel;
    const now = clock.now();
    // celery 5.6 events/event.py, Event; utils/time.py, utcoffset: whole hours west of Greenwich.
    const event = {
      hostname: node,
      utcoffset: Math.floor(new Date(now).getTimezoneOffset() / 60),
      pid: process.pid,
      clock: logicalClock.forward(),
      ...fields,
      timestamp: now / 1_000,
      type,
    };
    const { body, contentType, contentEncoding } = content.encode(event, { serializer: settings.eventSerializer });
    return { body, contentType, contentEncoding, headers: { hostname: node }, properties: { deliveryMode: 1 } };
  }
}

/** celery 5.6 events/event.py, get_exchange: on Redis a fan-out exchange, which is the one that keeps nothing there. */
export function eventExchange(name: string, transport: string): Exchange {
  return exchange(name, { type: transport === 'redis' ? 'fanout' : 'topic' });
}
