import type { Duration } from '@ctq/runtime';
import { durationMs } from '@ctq/runtime';
import type { QueueDeclaration, QueueInfo } from '../transport/channel.js';
import type { Binding } from './binding.js';
import { defaultExchange, type Exchange } from './exchange.js';

/** An immutable description of a queue and how it is bound. */
export interface Queue {
  readonly name: string;
  /** What routes may call it instead of its name (Kombu's alias; broadcast queues have generated names). */
  readonly alias?: string;
  readonly exchange: Exchange;
  readonly routingKey: string;
  /** Further bindings beside (exchange, routingKey). */
  readonly bindings: readonly Binding[];
  readonly durable: boolean;
  readonly exclusive: boolean;
  readonly autoDelete: boolean;
  readonly noAck: boolean;
  readonly noDeclare: boolean;
  /** Broker arguments with the options below already in them. */
  readonly arguments: Readonly<Record<string, unknown>>;
  /** For the binding to (exchange, routingKey). */
  readonly bindingArguments: Readonly<Record<string, unknown>>;
  readonly consumerArguments: Readonly<Record<string, unknown>>;
  /** Told what the broker said of the queue, each time that it was declared and before it is bound. */
  readonly onDeclared?: (info: QueueInfo) => void;
  /** Each consumer has one of its own: who publishes declares the exchange only. */
  readonly isBroadcast?: true;
}

export interface QueueOptions {
  readonly alias?: string;
  readonly exchange?: Exchange;
  readonly routingKey?: string;
  readonly bindings?: readonly Binding[];
  readonly durable?: boolean;
  /** Implies `autoDelete`. */
  readonly exclusive?: boolean;
  readonly autoDelete?: boolean;
  readonly noAck?: boolean;
  readonly noDeclare?: boolean;
  readonly arguments?: Readonly<Record<string, unknown>>;
  readonly bindingArguments?: Readonly<Record<string, unknown>>;
  readonly consumerArguments?: Readonly<Record<string, unknown>>;
  readonly onDeclared?: (info: QueueInfo) => void;
  /** The queue goes when it was unused for so long: `x-expires`, in milliseconds on the wire. */
  readonly expires?: Duration;
  /** Messages go when they are older: `x-message-ttl`. */
  readonly messageTtl?: Duration;
  readonly maxLength?: number;
  readonly maxLengthBytes?: number;
  /** Makes a RabbitMQ classic queue keep priorities up to this number. */
  readonly maxPriority?: number;
  readonly isBroadcast?: true;
}

/** Kombu's defaults and argument names (kombu 5.6 entity.py, Queue; transport/base.py, RABBITMQ_QUEUE_ARGUMENTS). */
export function queue(name: string, options: QueueOptions = {}): Queue {
  const exclusive = options.exclusive ?? false;
  return Object.freeze({
    name,
    ...(options.alias === undefined ? {} : { alias: options.alias }),
    exchange: options.exchange ?? defaultExchange,
    routingKey: options.routingKey ?? '',
    bindings: options.bindings ?? [],
    durable: options.durable ?? true,
    exclusive,
    autoDelete: exclusive || (options.autoDelete ?? false),
    noAck: options.noAck ?? false,
    noDeclare: options.noDeclare ?? false,
    arguments: { ...options.arguments, ...limitArguments(options) },
    bindingArguments: options.bindingArguments ?? {},
    consumerArguments: options.consumerArguments ?? {},
    ...(options.onDeclared === undefined ? {} : { onDeclared: options.onDeclared }),
    ...(options.isBroadcast === undefined ? {} : { isBroadcast: options.isBroadcast }),
  });
}

function limitArguments(options: QueueOptions): Record<string, number> {
  const found: Record<string, number | undefined> = {
    'x-expires': options.expires === undefined ? undefined : durationMs(options.expires),
    'x-message-ttl': options.messageTtl === undefined ? undefined : durationMs(options.messageTtl),
    'x-max-length': options.maxLength,
    'x-max-length-bytes': options.maxLengthBytes,
    'x-max-priority': options.maxPriority,
  };
  const given: Record<string, number> = {};
  for (const [key, value] of Object.entries(found)) {
    if (value !== undefined) given[key] = value;
  }
  return given;
}

export function queueDeclaration(described: Queue): QueueDeclaration {
  const { name, durable, exclusive, autoDelete } = described;
  return { name, durable, exclusive, autoDelete, arguments: described.arguments };
}
