import type { ContentCodec } from '../serialization/content.js';
import type { Message } from '../message/message.js';
import { DecodeError } from '../errors.js';
import type { MailboxTarget } from './mailbox-target.js';

/** Where a reply goes. */
export interface ReplyAddress {
  readonly exchange: string;
  readonly routingKey: string;
}

/** What a node is asked to do. */
export interface MailboxRequest extends MailboxTarget {
  readonly method: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** Undefined where nobody waits. */
  readonly replyTo: ReplyAddress | undefined;
  readonly ticket: string | undefined;
  /** The store of the app says the same. */
  readonly isStored: boolean;
}

/** A header of ctq's own; Celery takes no notice of it. */
const storedHeader = 'ctq-stored';

/** What one node has answered. */
export interface NodeReply<Value = unknown> {
  readonly node: string;
  readonly value: Value;
}

export interface EncodeRequestOptions {
  readonly serializer: string;
  readonly clock: number;
  /** When nobody waits any more, in milliseconds since the epoch. Workers of Celery take no notice of it. */
  readonly expiresAt: number;
}

/** kombu 5.6 pidbox.py, Mailbox._publish. */
export function encodeRequest(
  content: ContentCodec,
  request: MailboxRequest,
  { serializer, clock, expiresAt }: EncodeRequestOptions,
): Message {
  const { method, replyTo, ticket, destination, pattern, matcher, isStored } = request;
  const body = {
    ...{ method, arguments: request.arguments },
    ...{ destination: destination ?? null, pattern: pattern ?? null, matcher: matcher ?? null },
    ...(replyTo === undefined
      ? {}
      : { ticket, reply_to: { exchange: replyTo.exchange, routing_key: replyTo.routingKey } }),
  };
  const headers = { clock, expires: expiresAt / 1_000, ...(isStored ? { [storedHeader]: true } : {}) };
  return messageOf(content, body, headers, { serializer, deliveryMode: 2 });
}

/** kombu 5.6 pidbox.py, Mailbox._publish_reply. */
export function encodeReply(
  content: ContentCodec,
  { node, value }: NodeReply,
  {
    ticket,
    clock,
    serializer,
  }: { readonly ticket: string | undefined; readonly clock: number; readonly serializer: string },
): Message {
  return messageOf(content, { [node]: value }, { ticket: ticket ?? null, clock }, { serializer, deliveryMode: 1 });
}

/** @throws DecodeError for anything that is no request. */
export function decodeRequest(content: ContentCodec, message: Message): MailboxRequest {
  const body = content.decode(message);
  if (!isRecord(body)) throw new DecodeError('A control message is no mapping.');
  const { method, arguments: given, destination, pattern, matcher, reply_to: replyTo, ticket } = body;
  if (typeof method !== 'string' || method === '') throw new DecodeError('A control message names no method.');
  const args = given ?? {};
  if (!isRecord(args)) throw new DecodeError(`The arguments of the control message ${method} are no mapping.`);
  return {
    method,
    arguments: args,
    destination: namesOf(destination),
    pattern: textOf(pattern),
    matcher: textOf(matcher),
    replyTo: addressOf(replyTo),
    ticket: textOf(ticket),
    isStored: message.headers[storedHeader] === true,
  };
}

/** One for each node that is in it: Celery puts one into each reply. @throws DecodeError for anything that is no reply. */
export function decodeReply(content: ContentCodec, message: Message): readonly NodeReply[] {
  const body = content.decode(message);
  if (!isRecord(body)) throw new DecodeError('A reply to a control message is no mapping.');
  return Object.entries(body).map(([node, value]) => ({ node, value }));
}

/** Requests go out with the delivery mode of a producer that was given the name of an exchange only, 2; replies with that of their exchange. */
function messageOf(
  content: ContentCodec,
  value: unknown,
  headers: Readonly<Record<string, unknown>>,
  { serializer, deliveryMode }: { readonly serializer: string; readonly deliveryMode: 1 | 2 },
): Message {
  const { body, contentType, contentEncoding } = content.encode(value, { serializer });
  return { body, contentType, contentEncoding, headers, properties: { deliveryMode } };
}

function addressOf(value: unknown): ReplyAddress | undefined {
  if (!isRecord(value)) return undefined;
  const { exchange, routing_key: routingKey } = value;
  return typeof exchange === 'string' && typeof routingKey === 'string' ? { exchange, routingKey } : undefined;
}

/** A name alone is the list of it. @throws DecodeError for what is no list: it was meant for somebody, and not for everybody. */
function namesOf(value: unknown): readonly string[] | undefined {
  if (typeof value === 'string') return [value];
  if (value === undefined || value === null || value === false) return undefined;
  if (!Array.isArray(value)) throw new DecodeError('The destination of a control message is no list of nodes.');
  return value.map(String);
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
