import { hostname } from 'node:os';
import type { Connection, Message, PublishRetryPolicy, Queue, Route } from '@ctq/messaging';
import { durationMs } from '@ctq/runtime';
import type { Kernel } from '../app/kernel.js';
import { intercepted, type PublishCall } from '../interceptor/interceptor.js';
import { buildMessage } from './build-message.js';
import type { CallOptions } from './call-options.js';
import type { SendRequest, TaskSender } from './task-sender.js';

/** Where a call goes and what has to exist for it. */
interface Destination {
  readonly route: Route;
  readonly declare: readonly Queue[];
}

/** Sends through the app's broker connection, which is opened by the first call. */
export class BrokerSender implements TaskSender {
  readonly replyTo: string;
  readonly #kernel: Kernel;
  readonly #connection: () => Promise<Connection>;
  readonly #origin = `gen${process.pid}@${hostname()}`;
  readonly #destinations = new Map<string, Destination>();
  #opening: Promise<Connection> | undefined;
  #openConnection: Connection | undefined;

  constructor(kernel: Kernel, replyTo: string, connection: () => Promise<Connection>) {
    this.#kernel = kernel;
    this.replyTo = replyTo;
    this.#connection = connection;
  }

  send(request: SendRequest): Promise<void> {
    const message = buildMessage(this.#kernel, request, this.#origin);
    const { route, declare } = this.#destinationOf(request);
    const { interceptors } = this.#kernel;
    if (interceptors.length === 0) return this.#publish(message, route, declare, request.options);
    const publish = intercepted<PublishCall, void>(
      interceptors,
      (interceptor) => interceptor.publish?.bind(interceptor),
      (call) => this.#publish(call.message, call.route, declare, request.options),
    );
    return publish({ message, route, task: request.task, id: request.id });
  }

  async close(): Promise<void> {
    this.#destinations.clear();
    const connection = await this.#opening?.catch(() => undefined);
    await connection?.close();
  }

  /** Once there is a connection nothing but its own promise is made for a publish. */
  #publish(message: Message, route: Route, declare: readonly Queue[], options: CallOptions): Promise<void> {
    const connection = this.#openConnection;
    if (connection === undefined) return this.#publishFirst(message, route, declare, options);
    const retry = this.#retryOf(options);
    const { signal, publishTimeout } = options;
    if (signal === undefined && publishTimeout === undefined)
      return connection.producer.publish(message, route, { declare, retry });
    return connection.producer.publish(message, route, {
      declare,
      retry,
      ...(signal === undefined ? {} : { signal }),
      ...(publishTimeout === undefined ? {} : { timeoutMs: durationMs(publishTimeout) }),
    });
  }

  async #publishFirst(message: Message, route: Route, declare: readonly Queue[], options: CallOptions): Promise<void> {
    this.#opening ??= this.#connection();
    this.#openConnection = await this.#opening;
    await this.#publish(message, route, declare, options);
  }

  #retryOf({ retry }: CallOptions): PublishRetryPolicy | false {
    const { taskPublishRetry, taskPublishRetryPolicy } = this.#kernel.settings;
    const wanted = retry ?? taskPublishRetry;
    if (wanted === false) return false;
    return wanted === true ? taskPublishRetryPolicy : { ...taskPublishRetryPolicy, ...wanted };
  }

  /**
   * The default exchange with the queue's name as routing key, unless the caller names both exchange and key (celery 5.6 app/amqp.py,
   * send_task_message: a direct exchange with one of them missing goes to the default exchange). An exchange of another type may have more
   * queues behind it, and is published to itself.
   */
  #destinationOf({ options, taskOptions }: SendRequest): Destination {
    const name = options.queue ?? taskOptions?.queue ?? this.#kernel.settings.taskDefaultQueue;
    if (options.exchange !== undefined && options.routingKey !== undefined) {
      return {
        route: { exchange: options.exchange, routingKey: options.routingKey },
        declare: [this.#kernel.queueNamed(name)],
      };
    }
    let found = this.#destinations.get(name);
    if (found === undefined) {
      const queue = this.#kernel.queueNamed(name);
      const { exchange, routingKey } = queue;
      const route =
        exchange.type === 'direct' ? { exchange: '', routingKey: name } : { exchange: exchange.name, routingKey };
      found = { route, declare: [queue] };
      this.#destinations.set(name, found);
    }
    return found;
  }
}
