import { randomUUID } from 'node:crypto';
import { decodeEnvelope, encodeEnvelope, type Message } from '@ctq/messaging';
import type { HeldMessage, PushEntry } from '@ctq/messaging/store';

/** Properties of ctq's own in an envelope; Python programs take no notice of them. */
const countProperty = 'ctq_delivery_count';
const expiryProperty = 'ctq_expires_at';

/** The envelope of a new message. */
export function envelopeOf({ message, route, expiresAt }: PushEntry, bodyEncoding?: 'base64' | 'utf-8'): string {
  const sent = expiresAt === undefined ? message : withExtra(message, { [expiryProperty]: expiresAt });
  return encodeEnvelope(sent, route, randomUUID(), bodyEncoding === undefined ? {} : { bodyEncoding });
}

/** A message that was taken. What is no envelope is passed on as bytes of an unknown kind, for the consumer to refuse. */
export function heldMessage(tag: string, queue: string, envelope: string): HeldMessage {
  try {
    const { message, route, redelivered } = decodeEnvelope(envelope);
    if (message.properties.extra === undefined) return { tag, queue, message, route, redelivered, deliveryCount: 0 };
    const { [countProperty]: count, [expiryProperty]: expiresAt, ...extra } = message.properties.extra;
    return {
      tag,
      queue,
      message: count === undefined && expiresAt === undefined ? message : withoutExtra(message, extra),
      route,
      redelivered,
      deliveryCount: typeof count === 'number' ? count : 0,
      ...(typeof expiresAt === 'number' ? { expiresAt } : {}),
    };
  } catch {
    return {
      tag,
      queue,
      message: {
        body: Buffer.from(envelope),
        contentType: 'application/x-unreadable-envelope',
        contentEncoding: 'binary',
        headers: {},
        properties: {},
      },
      route: { exchange: '', routingKey: queue },
      redelivered: false,
    };
  }
}

/** The envelope of a message that was delivered and comes back (kombu 5.6 transport/redis.py, _do_restore_message), and one delivery more. */
export function chargedEnvelope(envelope: string): string {
  try {
    const { message, route, deliveryTag } = decodeEnvelope(envelope);
    const count = message.properties.extra?.[countProperty];
    const counted = withExtra(message, { [countProperty]: (typeof count === 'number' ? count : 0) + 1 });
    return encodeEnvelope(counted, route, deliveryTag, { redelivered: true });
  } catch {
    return envelope;
  }
}

/** The number of its priority, as far as it has one: which list it goes back to. */
export function priorityOf(envelope: string): number {
  try {
    return decodeEnvelope(envelope).message.properties.priority ?? 0;
  } catch {
    return 0;
  }
}

function withExtra(message: Message, more: Readonly<Record<string, unknown>>): Message {
  const { properties } = message;
  return { ...message, properties: { ...properties, extra: { ...properties.extra, ...more } } };
}

function withoutExtra(message: Message, extra: Readonly<Record<string, unknown>>): Message {
  const { extra: _, ...properties } = message.properties;
  return {
    ...message,
    properties: Object.keys(extra).length === 0 ? properties : { ...properties, extra },
  };
}
