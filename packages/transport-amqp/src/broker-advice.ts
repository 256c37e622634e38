import { TransportError } from '@ctq/messaging';
import type { QueueDeclaration } from '@ctq/messaging/transport';
import type { Logger } from '@ctq/runtime';
import type { ServerVersion } from './server-version.js';

/** When a server of RabbitMQ has a limit that it tells nobody of, by its version. */
const since = {
  /** rabbitmq.conf `consumer_timeout`: 30 minutes. */
  consumerTimeout: [3, 8, 17],
  /** The same as an argument and a policy of a queue. */
  timeoutOfQueues: [3, 12, 0],
  /** Quorum queues drop a message, or give it to their dead-letter exchange, after 20 deliveries. */
  deliveryLimit: [4, 0, 0],
} as const;

const dayMs = 86_400_000;

/**
 * Says, where a worker begins to consume, which limits of the server it is under that would take tasks from it: AMQP tells only what was declared here, so each is said where the
 * declaration leaves it to the server. With the command that changes it: arguments of a queue that exists cannot be changed, policies can.
 */
export class BrokerAdvice {
  readonly #logger: Logger;
  readonly #version: ServerVersion;
  readonly #told = new Set<string>();

  constructor(version: ServerVersion, logger: Logger) {
    this.#logger = logger;
    this.#version = version;
  }

  /** Once per queue. */
  consuming({ name, arguments: given = {} }: Pick<QueueDeclaration, 'name' | 'arguments'>): void {
    if (this.#told.has(name)) return;
    this.#told.add(name);
    if (this.#version.isAtLeast(since.consumerTimeout) && given['x-consumer-timeout'] === undefined)
      this.#logger.info(
        { queue: name },
        `RabbitMQ takes back what a worker holds of '${name}' for longer than its consumer_timeout (30 minutes unless it was changed). For longer tasks: ${this.#moreTime(name)}`,
      );
    if (given['x-queue-type'] !== 'quorum' || given['x-delivery-limit'] !== undefined) return;
    if (this.#version.isAtLeast(since.deliveryLimit))
      this.#logger.warn(
        { queue: name },
        `RabbitMQ drops a message of quorum queue '${name}' that was delivered 20 times and never acknowledged, unless a policy says otherwise: ${policy(name, 'ctq-deliveries', 'quorum_queues', '{"delivery-limit": -1}')}`,
      );
  }

  /** What the broker said when it took back what was held of a queue; undefined for anything else. */
  consumerTimeout(refusal: Error, queue: string): TransportError | undefined {
    if (!/delivery acknowledgement .*timed out/.test(refusal.message)) return undefined;
    const ms = /Timeout value used: (\d+) ms/.exec(refusal.message)?.[1];
    return new TransportError(
      'CTQ_CONSUMER_TIMEOUT',
      `RabbitMQ has taken back the messages that were held of queue '${queue}': one of them was for longer than its consumer_timeout${ms === undefined ? '' : ` of ${ms} ms`}. Tasks that take longer run again. Give them more time: ${this.#moreTime(queue)}`,
      { cause: refusal, recoverable: true },
    );
  }

  #moreTime(queue: string): string {
    return this.#version.isAtLeast(since.timeoutOfQueues)
      ? policy(queue, 'ctq-time', 'queues', `{"consumer-timeout": ${dayMs}}`)
      : `consumer_timeout = ${dayMs} in rabbitmq.conf, or until its restart: rabbitmqctl eval 'application:set_env(rabbit, consumer_timeout, ${dayMs}).'`;
  }
}

function policy(queue: string, name: string, applyTo: string, definition: string): string {
  const pattern = queue.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  return `rabbitmqctl set_policy --apply-to ${applyTo} ${name} '^${pattern}$' '${definition}'`;
}
