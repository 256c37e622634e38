import { hostname } from 'node:os';
import type { Connection, Message, PublishRetryPolicy, Queue, Route } from '@ctq/messaging';
import { durationMs, toError } from '@ctq/runtime';
import type { Kernel } from '../app/kernel.js';
import { taskSentFields } from '../events/task-sent.js';
import { runOutsideOfTasks } from '../execute/current-task.js';
import { intercepted, type PublishCall } from '../interceptor/interceptor.js';
import type { TaskMessage } from '../protocol/task-message.js';
import type { Destination } from '../routing/router.js';
import { buildMessage } from './build-message.js';
import type { CallOptions } from './call-options.js';
import type { PublishConnection } from './publish-connection.js';
import type { SendRequest, TaskSender } from './task-sender.js';

/** A call on its way. */
interface Call {
  readonly request: SendRequest;
  readonly task: TaskMessage;
  readonly destination: Destination;
  readonly dueAt: number | undefined;
}

/** Sends through the app's broker connection, which is opened by the first call. */
export class BrokerSender implements TaskSender {
  readonly replyTo: string;
  readonly #kernel: Kernel;
  readonly #publishing: PublishConnection;
  #connection: Connection | undefined;
  /** A call that declares the queue of replies is on its way: whether it got there. */
  #declaring: Promise<boolean> | undefined;
  readonly #origin = `gen${process.pid}@${hostname()}`;

  constructor(kernel: Kernel, replyTo: string, publishing: PublishConnection) {
    this.#kernel = kernel;
    this.replyTo = replyTo;
    this.#publishing = publishing;
  }

  send(request: SendRequest): Promise<void> {
    const routed = this.#kernel.router.route(request);
    const { task, message, dueAt } = buildMessage(this.#kernel, request, routed, this.#origin);
    const call = { request, task, destination: routed.destination, dueAt };
    const { address } = routed.destination;
    const { interceptors } = this.#kernel;
    if (interceptors.length === 0) return this.#publish(message, address, call);
    const publish = intercepted<PublishCall, void>(
      interceptors,
      (interceptor) => interceptor.publish?.bind(interceptor),
      (publishCall) => this.#publish(publishCall.message, publishCall.route, call),
    );
    return publish({ message, route: address, task: request.task, id: request.id });
  }

  #publish(message: Message, route: Route, call: Call): Promise<void> {
    return this.#kernel.signals.beforeTaskPublish.hasReceivers()
      ? this.#publishTold(message, route, call)
      : this.#handOver(message, route, call);
  }

  async #publishTold(message: Message, route: Route, call: Call): Promise<void> {
    const { task, id, options } = call.request;
    const { declare } = call.destination;
    const headers = { ...message.headers };
    const properties = { ...message.properties };
    await this.#kernel.signals.beforeTaskPublish.send(task, () => ({
      ...{ sender: task, task, id, body: message.body, headers, properties, route, declare },
      retryPolicy: this.#retryOf(options),
    }));
    await this.#handOver({ ...message, headers, properties }, route, call);
  }

  /** To the broker, or to whoever sends it later. */
  #handOver(message: Message, route: Route, call: Call): Promise<void> {
    const { task, id, options } = call.request;
    const { outbox } = options;
    const publish = (): Promise<void> => this.#publishNow(message, route, call);
    if (outbox === undefined) return this.#isFollowed ? this.#tellSent(publish(), message, route, call) : publish();
    this.#listenAhead(call);
    outbox.hold({
      task,
      id,
      outgoing: { message, route },
      send: async () => {
        await this.#tellSent(publish(), message, route, call);
        return undefined;
      },
    });
    return Promise.resolve();
  }

  /** Whether anybody wants to hear that a call was sent. */
  get #isFollowed(): boolean {
    const { settings, signals } = this.#kernel;
    return settings.taskSendSentEvent || signals.afterTaskPublish.hasReceivers();
  }

  /** The call is sent, whether or not anybody hears of it. */
  async #tellSent(sent: Promise<void>, message: Message, route: Route, { task, destination }: Call): Promise<void> {
    await sent;
    const { settings, signals, events, logger } = this.#kernel;
    const { body, headers, properties } = message;
    await signals.afterTaskPublish.send(task.task, () => ({
      ...{ sender: task.task, task: task.task, id: task.id, body, headers, properties, route },
    }));
    if (!settings.taskSendSentEvent) return;
    try {
      await events.send('task-sent', taskSentFields(task, destination));
    } catch (error) {
      logger.warn({ err: toError(error) }, `Couldn't send the event task-sent of ${task.task}[${task.id}]`);
    }
  }

  /** Once there is a connection nothing but its own promise is made for a publish. */
  #publishNow(message: Message, route: Route, call: Call): Promise<void> {
    const connection = this.#connection;
    if (connection === undefined) return this.#publishFirst(message, route, call);
    const expected = this.#expect(call);
    if (expected === undefined) return this.#publishOn(connection, message, route, call);
    const publish = (replies?: Queue): Promise<void> => this.#publishOn(connection, message, route, call, replies);
    return expected instanceof Promise
      ? expected.then((replies) => this.#publishExpecting(replies, publish))
      : this.#publishExpecting(expected, publish);
  }

  /** The first of many calls declares where they are answered; the others follow it. */
  #publishExpecting(replies: Queue | undefined, publish: (replies?: Queue) => Promise<void>): Promise<void> {
    if (replies === undefined) return publish();
    if (this.#declaring !== undefined)
      return this.#declaring.then((isDeclared) => publish(isDeclared ? undefined : replies));
    const published = publish(replies);
    this.#declaring = published
      .then(
        () => true,
        () => false,
      )
      .finally(() => {
        this.#declaring = undefined;
      });
    return published;
  }

  /** Where its result comes to this process, what is declared with it so that it is not lost. */
  #expect({ task }: Call): Queue | undefined | Promise<Queue | undefined> {
    const { results } = this.#kernel;
    if (!results.isHeardBySender || task.ignoreResult === true || task.replyTo !== this.replyTo) return undefined;
    return runOutsideOfTasks(() => results.expect());
  }

  /** What is held back may be sent by another process: whoever is to hear of it listens from now on. */
  #listenAhead(call: Call): void {
    const expected = this.#expect(call);
    // It is told when the call is sent.
    if (expected instanceof Promise) expected.catch(() => undefined);
  }

  #publishOn(connection: Connection, message: Message, route: Route, call: Call, replies?: Queue): Promise<void> {
    const { options, taskOptions } = call.request;
    const declare = replies === undefined ? call.destination.declare : [...call.destination.declare, replies];
    const retry = this.#retryOf(options);
    const { signal, publishTimeout } = options;
    // Where it costs nothing a call that no queue takes is an error.
    const isMandatory = !call.destination.isBroadcast && connection.transport.supports.mandatory === 'free';
    const mandatory = options.mandatory ?? taskOptions?.mandatory ?? isMandatory;
    if (signal === undefined && publishTimeout === undefined && call.dueAt === undefined)
      return connection.producer.publish(message, route, { declare, retry, mandatory });
    return connection.producer.publish(message, route, {
      declare,
      retry,
      mandatory,
      ...(call.dueAt === undefined ? {} : { notBefore: call.dueAt }),
      ...(signal === undefined ? {} : { signal }),
      ...(publishTimeout === undefined ? {} : { timeoutMs: durationMs(publishTimeout) }),
    });
  }

  async #publishFirst(message: Message, route: Route, call: Call): Promise<void> {
    // Not before those who waited from the beginning: calls are sent in their order.
    this.#connection = await this.#publishing.open();
    await this.#publishNow(message, route, call);
  }

  #retryOf({ retry }: CallOptions): PublishRetryPolicy | false {
    const { taskPublishRetry, taskPublishRetryPolicy } = this.#kernel.settings;
    const wanted = retry ?? taskPublishRetry;
    if (wanted === false) return false;
    return wanted === true ? taskPublishRetryPolicy : { ...taskPublishRetryPolicy, ...wanted };
  }
}
