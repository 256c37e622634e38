import { hostname } from 'node:os';
import type { Connection, Declarable, Message, PublishRetryPolicy, Route } from '@ctq/messaging';
import { durationMs, toError } from '@ctq/runtime';
import type { Kernel } from '../app/kernel.js';
import { taskSentFields } from '../events/task-sent.js';
import { intercepted, type PublishCall } from '../interceptor/interceptor.js';
import type { TaskMessage } from '../protocol/task-message.js';
import type { Destination } from '../routing/router.js';
import { buildMessage } from './build-message.js';
import type { CallOptions } from './call-options.js';
import type { PublishConnection } from './publish-connection.js';
import type { SendRequest, TaskSender } from './task-sender.js';

/** Sends through the app's broker connection, which is opened by the first call. */
export class BrokerSender implements TaskSender {
  readonly replyTo: string;
  readonly #kernel: Kernel;
  readonly #publishing: PublishConnection;
  #connection: Connection | undefined;
  readonly #origin = `gen${process.pid}@${hostname()}`;

  constructor(kernel: Kernel, replyTo: string, publishing: PublishConnection) {
    this.#kernel = kernel;
    this.replyTo = replyTo;
    this.#publishing = publishing;
  }

  send(request: SendRequest): Promise<void> {
    const routed = this.#kernel.router.route(request);
    const { task, message } = buildMessage(this.#kernel, request, routed, this.#origin);
    const sent = this.#send(message, routed.destination, request);
    return this.#kernel.settings.taskSendSentEvent ? this.#tellSent(sent, task, routed.destination) : sent;
  }

  #send(message: Message, { address, declare }: Destination, request: SendRequest): Promise<void> {
    const { interceptors } = this.#kernel;
    if (interceptors.length === 0) return this.#publish(message, address, declare, request);
    const publish = intercepted<PublishCall, void>(
      interceptors,
      (interceptor) => interceptor.publish?.bind(interceptor),
      (call) => this.#publish(call.message, call.route, declare, request),
    );
    return publish({ message, route: address, task: request.task, id: request.id });
  }

  /** The call is sent, whether or not anybody hears of it. */
  async #tellSent(sent: Promise<void>, task: TaskMessage, destination: Destination): Promise<void> {
    await sent;
    try {
      await this.#kernel.events.send('task-sent', taskSentFields(task, destination));
    } catch (error) {
      this.#kernel.logger.warn(
        { err: toError(error) },
        `Couldn't send the event task-sent of ${task.task}[${task.id}]`,
      );
    }
  }

  #publish(message: Message, address: Route, declare: readonly Declarable[], request: SendRequest): Promise<void> {
    const { beforeTaskPublish, afterTaskPublish } = this.#kernel.signals;
    if (beforeTaskPublish.hasReceivers() || afterTaskPublish.hasReceivers())
      return this.#publishTold(message, address, declare, request);
    return this.#publishSilently(message, address, declare, request);
  }

  async #publishTold(
    message: Message,
    route: Route,
    declare: readonly Declarable[],
    request: SendRequest,
  ): Promise<void> {
    const { beforeTaskPublish, afterTaskPublish } = this.#kernel.signals;
    const { task, id, options } = request;
    const headers = { ...message.headers };
    const properties = { ...message.properties };
    const about = { sender: task, task, id, body: message.body, headers, properties, route };
    await beforeTaskPublish.send(task, () => ({ ...about, declare, retryPolicy: this.#retryOf(options) }));
    await this.#publishSilently({ ...message, headers, properties }, route, declare, request);
    await afterTaskPublish.send(task, () => about);
  }

  /** Once there is a connection nothing but its own promise is made for a publish. */
  #publishSilently(
    message: Message,
    address: Route,
    declare: readonly Declarable[],
    request: SendRequest,
  ): Promise<void> {
    const connection = this.#connection;
    if (connection === undefined) return this.#publishFirst(message, address, declare, request);
    const { options, taskOptions } = request;
    const retry = this.#retryOf(options);
    const { signal, publishTimeout } = options;
    const mandatory = options.mandatory ?? taskOptions?.mandatory ?? false;
    if (signal === undefined && publishTimeout === undefined && !mandatory)
      return connection.producer.publish(message, address, { declare, retry });
    return connection.producer.publish(message, address, {
      declare,
      retry,
      mandatory,
      ...(signal === undefined ? {} : { signal }),
      ...(publishTimeout === undefined ? {} : { timeoutMs: durationMs(publishTimeout) }),
    });
  }

  async #publishFirst(
    message: Message,
    address: Route,
    declare: readonly Declarable[],
    request: SendRequest,
  ): Promise<void> {
    // Not before those who waited from the beginning: calls are sent in their order.
    this.#connection = await this.#publishing.open();
    await this.#publishSilently(message, address, declare, request);
  }

  #retryOf({ retry }: CallOptions): PublishRetryPolicy | false {
    const { taskPublishRetry, taskPublishRetryPolicy } = this.#kernel.settings;
    const wanted = retry ?? taskPublishRetry;
    if (wanted === false) return false;
    return wanted === true ? taskPublishRetryPolicy : { ...taskPublishRetryPolicy, ...wanted };
  }
}
