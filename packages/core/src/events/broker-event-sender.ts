import { hostname } from 'node:os';
import type { Kernel } from '../app/kernel.js';
import type { PublishConnection } from '../sending/publish-connection.js';
import { eventExchange, eventMessage, eventRoutingKey, makeEvent } from './event.js';
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
      eventMessage(this.#kernel, makeEvent(this.#kernel, type, fields, node), node),
      { exchange: declared.name, routingKey: eventRoutingKey(type) },
      { declare: [declared], retry: settings.taskPublishRetry ? settings.taskPublishRetryPolicy : false },
    );
  }
}
