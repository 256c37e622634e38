import { ReplyFields } from './reply-fields.js';

/** A queue that a worker consumes from (kombu 5.6 entity.py, Queue.as_dict). What is null was not said. */
export interface ActiveQueue {
  readonly name: string;
  readonly alias: string | null;
  readonly exchange: ActiveExchange;
  readonly routingKey: string;
  readonly bindings: readonly unknown[];
  readonly durable: boolean;
  readonly exclusive: boolean;
  readonly autoDelete: boolean;
  readonly noAck: boolean;
  readonly noDeclare: boolean;
  readonly queueArguments: Readonly<Record<string, unknown>>;
  readonly bindingArguments: Readonly<Record<string, unknown>>;
  readonly consumerArguments: Readonly<Record<string, unknown>>;
  readonly expiresMs: number | null;
  readonly messageTtlMs: number | null;
  readonly maxLength: number | null;
  readonly maxLengthBytes: number | null;
  readonly maxPriority: number | null;
}

export interface ActiveExchange {
  /** Empty for the default exchange. */
  readonly name: string;
  readonly type: string;
  readonly durable: boolean;
  readonly autoDelete: boolean;
  readonly passive: boolean;
  readonly noDeclare: boolean;
  /** 1 or 2; null where none was given. */
  readonly deliveryMode: number | null;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** @throws TypeError for what has no name. */
export function readActiveQueue(value: unknown): ActiveQueue {
  const fields = new ReplyFields(value, 'A queue');
  return {
    name: fields.requiredText('name'),
    alias: fields.text('alias') ?? null,
    exchange: readExchange(fields.fields('exchange')),
    routingKey: fields.text('routing_key') ?? '',
    bindings: fields.list('bindings'),
    durable: fields.isTrue('durable'),
    exclusive: fields.isTrue('exclusive'),
    autoDelete: fields.isTrue('auto_delete'),
    noAck: fields.isTrue('no_ack'),
    noDeclare: fields.isTrue('no_declare'),
    queueArguments: fields.record('queue_arguments'),
    bindingArguments: fields.record('binding_arguments'),
    consumerArguments: fields.record('consumer_arguments'),
    expiresMs: fields.ms('expires') ?? null,
    messageTtlMs: fields.ms('message_ttl') ?? null,
    maxLength: fields.number('max_length') ?? null,
    maxLengthBytes: fields.number('max_length_bytes') ?? null,
    maxPriority: fields.number('max_priority') ?? null,
  };
}

function readExchange(fields: ReplyFields): ActiveExchange {
  return {
    name: fields.text('name') ?? '',
    type: fields.text('type') ?? 'direct',
    durable: fields.isTrue('durable'),
    autoDelete: fields.isTrue('auto_delete'),
    passive: fields.isTrue('passive'),
    noDeclare: fields.isTrue('no_declare'),
    deliveryMode: fields.number('delivery_mode') ?? null,
    arguments: fields.record('arguments'),
  };
}
