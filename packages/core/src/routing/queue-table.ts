import { exchange, type Exchange, type Queue, queue } from '@ctq/messaging';
import { ConfigurationError } from '@ctq/runtime';
import { camelCased, describedQueues, isDescription } from '../config/queue-setting.js';
import type { Settings } from '../config/settings.js';

/**
 * The queues of an app by name and alias: those of `taskQueues`, else the default queue; any other is made up when it is asked for, and
 * remembered, but not consumed by a worker that was not told to (celery 5.6 app/amqp.py, Queues).
 */
export class QueueTable {
  readonly #settings: Settings;
  readonly #defaultExchange: Exchange;
  readonly #known: readonly Queue[];
  readonly #byName = new Map<string, Queue>();

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#defaultExchange = exchange(settings.taskDefaultExchange, { type: settings.taskDefaultExchangeType });
    const given = settings.taskQueues === undefined ? [] : describedQueues(settings.taskQueues);
    this.#known = (given.length > 0 ? given : [this.#makeDefault()]).map((one) => this.#complete(one));
    for (const one of this.#known) this.#byName.set(one.name, one);
    for (const one of this.#known) if (one.alias !== undefined) this.#byName.set(one.alias, one);
  }

  /** What a worker consumes that is not told otherwise. */
  get known(): readonly Queue[] {
    return this.#known;
  }

  /** @throws ConfigurationError for one that is not known, with `taskCreateMissingQueues` off. */
  named(name: string): Queue {
    const found = this.#byName.get(name);
    if (found !== undefined) return found;
    if (!this.#settings.taskCreateMissingQueues) {
      throw new ConfigurationError(
        'CTQ_QUEUE_NOT_FOUND',
        `There is no queue '${name}' in taskQueues (${this.#known.map((one) => one.name).join(', ')}), and taskCreateMissingQueues is off.`,
        { details: { queue: name } },
      );
    }
    const made = this.#complete(this.#makeMissing(name));
    this.#byName.set(name, made);
    return made;
  }

  /**
   * One that is known or was made up before; else a new one as it is described, in camelCase or as Celery writes it, remembered from now on: its exchange and its
   * routing key have its name where nothing else is said (celery 5.6 worker/consumer/consumer.py, add_task_queue).
   * @throws TypeError for a description with members that are not known or of another type.
   */
  described(name: string, description: Readonly<Record<string, unknown>>): Queue {
    const found = this.#byName.get(name);
    if (found !== undefined) return found;
    if (!isDescription(description))
      throw new TypeError(`The queue '${name}' cannot be as it is described: ${JSON.stringify(description)}`);
    const { taskCreateMissingQueueType } = this.#settings;
    const like = { exchange: name, queueArguments: typeArguments(taskCreateMissingQueueType) };
    const [made] = describedQueues({ [name]: { ...like, ...camelCased(description) } });
    if (made === undefined) return this.named(name);
    const complete = this.#complete(made);
    this.#byName.set(name, complete);
    return complete;
  }

  /** The known queues behind an exchange: what has to exist for what is published to it. */
  boundTo(exchangeName: string): readonly Queue[] {
    return this.#known.filter(
      (one) => one.exchange.name === exchangeName || one.bindings.some((bound) => bound.exchange.name === exchangeName),
    );
  }

  #makeDefault(): Queue {
    const { taskDefaultQueue, taskDefaultRoutingKey, taskDefaultQueueType } = this.#settings;
    return bare(taskDefaultQueue, this.#defaultExchange, taskDefaultRoutingKey, typeArguments(taskDefaultQueueType));
  }

  #makeMissing(name: string): Queue {
    const { taskCreateMissingQueueType, taskCreateMissingQueueExchangeType } = this.#settings;
    const own = exchange(
      name,
      taskCreateMissingQueueExchangeType === undefined ? {} : { type: taskCreateMissingQueueExchangeType },
    );
    return bare(name, own, name, typeArguments(taskCreateMissingQueueType));
  }

  /** What a queue does not say of itself. */
  #complete(given: Queue): Queue {
    const { taskQueueMaxPriority, taskDefaultRoutingKey } = this.#settings;
    const needsPriority = taskQueueMaxPriority !== undefined && given.arguments['x-max-priority'] === undefined;
    return Object.freeze({
      ...given,
      exchange: given.exchange.name === '' ? this.#defaultExchange : given.exchange,
      routingKey: given.routingKey === '' ? taskDefaultRoutingKey : given.routingKey,
      ...(needsPriority ? { arguments: { ...given.arguments, 'x-max-priority': taskQueueMaxPriority } } : {}),
    });
  }
}

function bare(name: string, own: Exchange, routingKey: string, given: Readonly<Record<string, unknown>>): Queue {
  return queue(name, { exchange: own, routingKey, arguments: given });
}

function typeArguments(type: 'classic' | 'quorum'): Readonly<Record<string, unknown>> {
  return type === 'quorum' ? { 'x-queue-type': 'quorum' } : {};
}
