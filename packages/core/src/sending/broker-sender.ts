import { hostname } from 'node:os';
import type { Connection, Declarable, Message, PublishRetryPolicy, Route } from '@ctq/messaging';
import { durationMs } from '@ctq/runtime';
import type { Kernel } from '../app/kernel.js';
import { runOutsideOfTasks } from '../execute/current-task.js';
import { intercepted, type PublishCall } from '../interceptor/interceptor.js';
import { buildMessage } from './build-message.js';
import type { CallOptions } from './call-options.js';
import type { SendRequest, TaskSender } from './task-sender.js';

/** Sends through the app's broker connection, which is opened by the first call. */
export class BrokerSender implements TaskSender {
  readonly replyTo: string;
  readonly #kernel: Kernel;
  readonly #connection: () => Promise<Connection>;
  readonly #origin = `gen${process.pid}@${hostname()}`;
  #opening: Promise<Connection> | undefined;
  #openConnection: Connection | undefined;

  constructor(kernel: Kernel, replyTo: string, connection: () => Promise<Connection>) {
    this.#kernel = kernel;
    this.replyTo = replyTo;
    this.#connection = connection;
  }

  send(request: SendRequest): Promise<void> {
    const routed = this.#kernel.router.route(request);
    const message = buildMessage(this.#kernel, request, routed, this.#origin);
    const { address, declare } = routed.destination;
    const { interceptors } = this.#kernel;
    if (interceptors.length === 0) return this.#publish(message, address, declare, request);
    const publish = intercepted<PublishCall, void>(
      interceptors,
      (interceptor) => interceptor.publish?.bind(interceptor),
      (call) => this.#publish(call.message, call.route, declare, request),
    );
    return publish({ message, route: address, task: request.task, id: request.id });
  }

  async close(): Promise<void> {
    const connection = await this.#opening?.catch(() => undefined);
    await connection?.close();
  }

  /** Once there is a connection nothing but its own promise is made for a publish. */
  #publish(message: Message, address: Route, declare: readonly Declarable[], request: SendRequest): Promise<void> {
    const { outbox } = request.options;
    if (outbox === undefined) return this.#publishNow(message, address, declare, request);
    outbox.hold({
      task: request.task,
      id: request.id,
      outgoing: { message, route: address },
      send: async () => {
        await this.#publishNow(message, address, declare, request);
        return undefined;
      },
    });
    return Promise.resolve();
  }

  #publishNow(message: Message, address: Route, declare: readonly Declarable[], request: SendRequest): Promise<void> {
    const connection = this.#openConnection;
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
    this.#opening ??= runOutsideOfTasks(this.#connection);
    this.#openConnection = await this.#opening;
    await this.#publishNow(message, address, declare, request);
  }

  #retryOf({ retry }: CallOptions): PublishRetryPolicy | false {
    const { taskPublishRetry, taskPublishRetryPolicy } = this.#kernel.settings;
    const wanted = retry ?? taskPublishRetry;
    if (wanted === false) return false;
    return wanted === true ? taskPublishRetryPolicy : { ...taskPublishRetryPolicy, ...wanted };
  }
}
