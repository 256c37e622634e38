import { setOwn } from '../serialization/plain-object.js';
import type { MessageProperties } from './message.js';

/** The properties that belong to one delivery and not to the message. */
export interface EnvelopeProperties {
  readonly delivery_info: Readonly<Record<string, unknown>>;
  readonly body_encoding: 'base64' | 'utf-8';
  readonly delivery_tag: string;
}

/**
 * Properties as they stand in an envelope, in Kombu's order: what the caller gave, then what the producer adds (kombu
 * 5.6 messaging.py, Producer.publish), then what the channel adds (transport/virtual/base.py, prepare_message and
 * _inplace_augment_message).
 *
 * @internal
 */
export function encodeProperties(properties: MessageProperties, delivery: EnvelopeProperties): Record<string, unknown> {
  const wire: Record<string, unknown> = {};
  if (properties.correlationId !== undefined) wire.correlation_id = properties.correlationId;
  if (properties.replyTo !== undefined) wire.reply_to = properties.replyTo;
  if (properties.extra !== undefined) {
    for (const [name, value] of Object.entries(properties.extra)) setOwn(wire, name, value);
  }
  if (properties.messageId !== undefined) wire.message_id = properties.messageId;
  // AMQP counts seconds, and so does everyone who sends this property through Kombu.
  if (properties.timestamp !== undefined) wire.timestamp = properties.timestamp / 1000;
  if (properties.type !== undefined) wire.type = properties.type;
  if (properties.userId !== undefined) wire.user_id = properties.userId;
  if (properties.appId !== undefined) wire.app_id = properties.appId;
  if (properties.clusterId !== undefined) wire.cluster_id = properties.clusterId;
  if (properties.deliveryMode !== undefined) wire.delivery_mode = properties.deliveryMode;
  if (properties.expiration !== undefined) wire.expiration = properties.expiration;
  wire.delivery_info = delivery.delivery_info;
  // Always there in Kombu's envelopes: Channel.default_priority.
  wire.priority = properties.priority ?? 0;
  wire.body_encoding = delivery.body_encoding;
  wire.delivery_tag = delivery.delivery_tag;
  return wire;
}

/**
 * The reverse. What is not a property of AMQP, or not of the type it should be, is kept as it is in `extra`, so that a
 * message that is passed on arrives unaltered.
 *
 * @internal
 */
export function decodeProperties(wire: Readonly<Record<string, unknown>>): MessageProperties {
  const properties: Mutable<MessageProperties> = {};
  let extra: Record<string, unknown> | undefined;
  for (const name in wire) {
    if (takeProperty(properties, name, wire[name])) continue;
    extra ??= {};
    setOwn(extra, name, wire[name]);
  }
  if (extra !== undefined) properties.extra = extra;
  return properties;
}

/** False for what belongs into `extra`. */
function takeProperty(properties: Mutable<MessageProperties>, name: string, value: unknown): boolean {
  switch (name) {
    case 'delivery_info':
    case 'body_encoding':
    case 'delivery_tag':
      return true;
    case 'delivery_mode':
      if (value !== 1 && value !== 2) return false;
      properties.deliveryMode = value;
      return true;
    case 'priority':
      if (!isNumeric(value)) return false;
      properties.priority = Number(value);
      return true;
    case 'expiration':
      if (!isNumeric(value)) return false;
      properties.expiration = String(value);
      return true;
    case 'timestamp':
      if (typeof value !== 'number') return false;
      properties.timestamp = value * 1000;
      return true;
    default: {
      const property = textProperties.get(name);
      if (property === undefined || typeof value !== 'string') return false;
      properties[property] = value;
      return true;
    }
  }
}

type TextProperty = 'correlationId' | 'replyTo' | 'messageId' | 'type' | 'userId' | 'appId' | 'clusterId';

const textProperties: ReadonlyMap<string, TextProperty> = new Map([
  ['correlation_id', 'correlationId'],
  ['reply_to', 'replyTo'],
  ['message_id', 'messageId'],
  ['type', 'type'],
  ['user_id', 'userId'],
  ['app_id', 'appId'],
  ['cluster_id', 'clusterId'],
]);

type Mutable<Type> = { -readonly [Key in keyof Type]: Type[Key] };

/** A numeric string works as a priority in Python (vectors: required_fields.json, priority as numeric string). */
function isNumeric(value: unknown): value is number | string {
  if (typeof value === 'number') return Number.isFinite(value);
  return typeof value === 'string' && value.length < 20 && /^\d+$/.test(value);
}
