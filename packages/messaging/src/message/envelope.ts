import { isUtf8 } from 'node:buffer';
import { DecodeError } from '../errors.js';
import { jsonSerializer } from '../serialization/json.js';
import { decodeUtf8 } from '../serialization/utf8.js';
import { decodeProperties, encodeProperties } from './envelope-properties.js';
import type { Message, Route } from './message.js';

export interface EncodeEnvelopeOptions {
  /**
   * `base64` (default) or the text itself (kombu's option body_encoding); a body that is not UTF-8 text is base64 in
   * any case.
   */
  readonly bodyEncoding?: 'base64' | 'utf-8';
  /** Marks the message as delivered before, where Kombu does (kombu 5.6 transport/redis.py, _do_restore_message). */
  readonly redelivered?: boolean;
}

export interface DecodedEnvelope {
  readonly message: Message;
  readonly route: Route;
  /** Unique per publish; Kombu's acknowledgement key. */
  readonly deliveryTag: string;
  readonly redelivered: boolean;
}

/**
 * A message as Kombu's virtual transports (Redis, filesystem, SQLAlchemy, MongoDB) keep it: one JSON object, its
 * members in Kombu's order (kombu 5.6 transport/virtual/base.py, Channel.prepare_message and Message.serializable;
 * messaging.py, Producer.publish).
 *
 * @throws EncodeError for headers that JSON cannot hold.
 */
export function encodeEnvelope(
  message: Message,
  route: Route,
  deliveryTag: string,
  options: EncodeEnvelopeOptions = {},
): string {
  const isText = options.bodyEncoding === 'utf-8' && isUtf8(message.body);
  const redelivered = options.redelivered === true ? { redelivered: true } : undefined;
  const properties = encodeProperties(message.properties, {
    delivery_info: { exchange: route.exchange, routing_key: route.routingKey, ...redelivered },
    body_encoding: isText ? 'utf-8' : 'base64',
    delivery_tag: deliveryTag,
  });
  const rest = jsonSerializer.stringify({
    'content-encoding': message.contentEncoding === '' ? null : message.contentEncoding,
    'content-type': message.contentType === '' ? null : message.contentType,
    headers: redelivered === undefined ? message.headers : { ...message.headers, ...redelivered },
    properties,
  });
  // base64 needs no escapes: it is not worth a pass of the JSON writer.
  const body = isText ? JSON.stringify(decodeUtf8(message.body)) : `"${asBuffer(message.body).toString('base64')}"`;
  return `{"body":${body},${rest.slice(1)}`;
}

/**
 * Reads an envelope of any producer. What Python's workers do without may be missing (headers, content encoding, most
 * properties); what they die of is an error here: the body, the properties, `delivery_tag` and `delivery_info` with its
 * two members.
 *
 * @throws DecodeError saying what is missing or wrong: such a message is to be discarded or set aside, for it never
 * gets better.
 */
export function decodeEnvelope(text: string): DecodedEnvelope {
  const envelope = recordOf(jsonSerializer.parse(text), 'The envelope');
  const properties = recordOf(envelope.properties, 'Its member properties');
  const info = recordOf(properties.delivery_info, 'Its property delivery_info');
  const headers =
    envelope.headers === undefined || envelope.headers === null ? {} : recordOf(envelope.headers, 'Its member headers');
  return {
    message: {
      body: bodyOf(envelope.body, properties.body_encoding),
      contentType: textOr(envelope['content-type'], '', 'content-type'),
      contentEncoding: textOr(envelope['content-encoding'], 'utf-8', 'content-encoding'),
      headers,
      properties: decodeProperties(properties),
    },
    route: { exchange: routePart(info, 'exchange'), routingKey: routePart(info, 'routing_key') },
    deliveryTag: tagOf(properties.delivery_tag),
    redelivered: headers.redelivered === true || info.redelivered === true,
  };
}

function bodyOf(body: unknown, encoding: unknown): Uint8Array {
  if (typeof body !== 'string') throw malformed('Its member body is not text');
  if (encoding === 'base64') return Buffer.from(body, 'base64');
  const isPlain =
    encoding === undefined || encoding === null || String(encoding).toLowerCase() === 'utf-8' || encoding === '';
  if (!isPlain)
    throw malformed(
      `Its property body_encoding is neither base64 nor utf-8 but ${JSON.stringify(encoding).slice(0, 40)}`,
    );
  return Buffer.from(body);
}

function routePart(info: Readonly<Record<string, unknown>>, name: 'exchange' | 'routing_key'): string {
  const part = info[name];
  if (typeof part === 'string') return part;
  if (part === null) return '';
  throw malformed(`Its property delivery_info has no ${name}`);
}

function tagOf(tag: unknown): string {
  if (typeof tag === 'string' && tag !== '') return tag;
  if (typeof tag === 'number' || typeof tag === 'bigint') return String(tag);
  throw malformed('It has no property delivery_tag');
}

function textOr(value: unknown, missing: string, name: string): string {
  if (typeof value === 'string') return value;
  if (value === undefined || value === null) return missing;
  throw malformed(`Its member ${name} is not text`);
}

function recordOf(value: unknown, name: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Readonly<Record<string, unknown>>;
  throw malformed(`${name} is ${value === undefined ? 'missing' : 'not an object'}`);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function malformed(reason: string): DecodeError {
  return new DecodeError(`Not a message of Kombu's: ${reason}.`);
}
