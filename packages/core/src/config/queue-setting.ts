import { type ExchangeOptions, exchange, type Queue, queue } from '@ctq/messaging';
import { exchangeTypes } from '@ctq/messaging/transport';
import { mismatch, type SettingType } from './setting.js';

/** A queue as `taskQueues` may describe it; Celery's snake_case names are read too. */
export interface QueueDescription {
  readonly exchange?: string;
  readonly exchangeType?: ExchangeOptions['type'];
  /** The name of the queue by default. */
  readonly routingKey?: string;
  /** An old name of `routingKey`. */
  readonly bindingKey?: string;
  /** Of the queue and of its exchange. */
  readonly durable?: boolean;
  /** Of one of them, before `durable`. */
  readonly queueDurable?: boolean;
  readonly exchangeDurable?: boolean;
  readonly exclusive?: boolean;
  readonly autoDelete?: boolean;
  readonly queueAutoDelete?: boolean;
  readonly exchangeAutoDelete?: boolean;
  readonly noAck?: boolean;
  readonly noDeclare?: boolean;
  readonly queueArguments?: Readonly<Record<string, unknown>>;
  readonly bindingArguments?: Readonly<Record<string, unknown>>;
  readonly exchangeArguments?: Readonly<Record<string, unknown>>;
  readonly consumerArguments?: Readonly<Record<string, unknown>>;
  readonly deliveryMode?: 1 | 2;
  readonly maxPriority?: number;
  readonly alias?: string;
}

type SnakeQueueDescription = {
  readonly [K in
    | 'exchange_type'
    | 'routing_key'
    | 'binding_key'
    | 'queue_durable'
    | 'exchange_durable'
    | 'queue_auto_delete'
    | 'exchange_auto_delete'
    | 'no_ack'
    | 'auto_delete'
    | 'no_declare'
    | 'queue_arguments'
    | 'binding_arguments'
    | 'exchange_arguments'
    | 'consumer_arguments'
    | 'delivery_mode'
    | 'max_priority']?: unknown;
};

/** Queues as `queue()` and `broadcast()` make them, or descriptions by name. */
export type TaskQueues =
  | readonly Queue[]
  | Readonly<Record<string, Queue | (QueueDescription & SnakeQueueDescription)>>;

export const taskQueues: SettingType<TaskQueues> = {
  expected: "a list of queue(…), or an object such as { images: { exchange: 'media', routingKey: 'image.#' } }",
  parse(value) {
    if (typeof value !== 'object' || value === null) return mismatch;
    const list = Array.isArray(value) ? value : Object.values(value);
    const fits = Array.isArray(value) ? list.every(isQueue) : list.every((one) => isQueue(one) || isDescription(one));
    return fits ? (value as TaskQueues) : mismatch;
  },
  parseText(text) {
    try {
      return taskQueues.parse(JSON.parse(text));
    } catch {
      return mismatch;
    }
  },
};

/** The queues of the setting. A description's own routing key is its name (celery 5.6 app/amqp.py, Queues.add_compat; kombu 5.6 entity.py, Queue.from_dict). */
export function describedQueues(given: TaskQueues): readonly Queue[] {
  if (isList(given)) return given;
  return Object.entries(given).map(([name, described]) =>
    isQueue(described) ? described : fromDescription(name, described),
  );
}

function fromDescription(name: string, given: QueueDescription): Queue {
  const {
    exchange: exchangeName = '',
    exchangeType,
    exchangeArguments,
    deliveryMode,
    ...described
  } = camelCased(given);
  const { routingKey, bindingKey, queueArguments, durable, autoDelete, ...other } = described;
  const { queueDurable, exchangeDurable, queueAutoDelete, exchangeAutoDelete, ...rest } = other;
  return queue(name, {
    ...rest,
    ...defined('durable', queueDurable ?? durable),
    ...defined('autoDelete', queueAutoDelete ?? autoDelete),
    exchange: exchange(exchangeName, {
      ...defined('durable', exchangeDurable ?? durable),
      ...defined('autoDelete', exchangeAutoDelete ?? autoDelete),
      ...defined('type', exchangeType),
      ...defined('arguments', exchangeArguments),
      ...defined('deliveryMode', deliveryMode),
    }),
    routingKey: routingKey ?? bindingKey ?? name,
    ...defined('arguments', queueArguments),
  });
}

const members: ReadonlyMap<string, (value: unknown) => boolean> = new Map([
  ...each(['exchange', 'routingKey', 'bindingKey', 'alias'], (value) => typeof value === 'string'),
  ...each(
    [
      'durable',
      'queueDurable',
      'exchangeDurable',
      'exclusive',
      'autoDelete',
      'queueAutoDelete',
      'exchangeAutoDelete',
      'noAck',
      'noDeclare',
    ],
    (value) => typeof value === 'boolean',
  ),
  ...each(
    ['queueArguments', 'bindingArguments', 'exchangeArguments', 'consumerArguments'],
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  ),
  ...each(['exchangeType'], (value) => exchangeTypes.some((type) => type === value)),
  ...each(['deliveryMode'], (value) => value === 1 || value === 2),
  ...each(['maxPriority'], (value) => Number.isInteger(value)),
]);

function each(names: readonly string[], check: (value: unknown) => boolean): [string, (value: unknown) => boolean][] {
  return names.map((name) => [name, check]);
}

/** Whether all that it says is known, and of the right type. */
export function isDescription(value: unknown): value is QueueDescription {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.entries(camelCased(value)).every(([name, member]) => members.get(name)?.(member) ?? false);
}

/** A queue that `queue()` made, of any copy of the package. */
export function isQueue(value: unknown): value is Queue {
  return typeof value === 'object' && value !== null && 'name' in value && 'exchange' in value && 'bindings' in value;
}

function isList(given: TaskQueues): given is readonly Queue[] {
  return Array.isArray(given);
}

/** Python's None is not given. */
export function camelCased<T extends object>(given: T): T {
  const found = Object.entries(given).filter(([, value]) => value !== undefined && value !== null);
  return Object.fromEntries(
    found.map(([name, value]) => [name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()), value]),
  ) as T;
}

function defined<K extends string, T>(name: K, value: T | undefined): { readonly [P in K]?: T } {
  return (value === undefined ? {} : { [name]: value }) as { readonly [P in K]?: T };
}
