import type { Message, MessageProperties, Route } from '@ctq/messaging';
import type { MessageFields, MessageProperties as AmqpProperties, Options } from 'amqplib';
import { fromFieldTable, toFieldTable } from './field-table.js';

/** What amqplib is given beside the body. @throws EncodeError for headers that AMQP cannot hold. */
export function publishFields({ contentType, contentEncoding, headers, properties }: Message): Options.Publish {
  const { timestamp, deliveryMode, priority, correlationId, replyTo, expiration, messageId, type, userId, appId } =
    properties;
  return {
    contentType,
    contentEncoding,
    headers: toFieldTable(headers),
    ...(deliveryMode === undefined ? {} : { deliveryMode }),
    ...(priority === undefined ? {} : { priority }),
    ...(correlationId === undefined ? {} : { correlationId }),
    ...(replyTo === undefined ? {} : { replyTo }),
    ...(expiration === undefined ? {} : { expiration }),
    ...(messageId === undefined ? {} : { messageId }),
    // Whole seconds on the wire.
    ...(timestamp === undefined ? {} : { timestamp: Math.floor(timestamp / 1_000) }),
    ...(type === undefined ? {} : { type }),
    ...(userId === undefined ? {} : { userId }),
    ...(appId === undefined ? {} : { appId }),
  };
}

/** RabbitMQ's count of earlier deliveries, which quorum queues keep in a header. */
const countHeader = 'x-delivery-count';

/** A message as amqplib received it. */
export interface ReceivedMessage {
  readonly content: Buffer;
  readonly fields: MessageFields;
  readonly properties: AmqpProperties;
}

export function messageOf({ content, properties }: ReceivedMessage): Message {
  const table = (properties.headers ?? {}) as Record<string, unknown>;
  const headers = fromFieldTable(table);
  if (countHeader in headers) delete headers[countHeader];
  return {
    body: content,
    contentType: textOf(properties.contentType) ?? '',
    contentEncoding: textOf(properties.contentEncoding) ?? '',
    headers,
    properties: propertiesOf(properties),
  };
}

export function routeOf({ fields: { exchange, routingKey } }: ReceivedMessage): Route {
  return { exchange, routingKey };
}

/** How many times a quorum queue has delivered it before. */
export function deliveryCountOf({ properties }: ReceivedMessage): number | undefined {
  const count: unknown = properties.headers?.[countHeader];
  return typeof count === 'number' ? count : undefined;
}

function propertiesOf(given: AmqpProperties): MessageProperties {
  const deliveryMode: unknown = given.deliveryMode;
  const priority: unknown = given.priority;
  const timestamp: unknown = given.timestamp;
  const found: { -readonly [Name in keyof MessageProperties]: MessageProperties[Name] } = {};
  if (deliveryMode === 1 || deliveryMode === 2) found.deliveryMode = deliveryMode;
  if (typeof priority === 'number') found.priority = priority;
  if (typeof timestamp === 'number') found.timestamp = timestamp * 1_000;
  for (const name of textNames) {
    const text = textOf(given[name]);
    if (text !== undefined) found[name] = text;
  }
  return found;
}

const textNames = [
  ...(['correlationId', 'replyTo', 'expiration', 'messageId', 'type', 'userId', 'appId', 'clusterId'] as const),
];

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
