import type { Message, Route } from '@ctq/messaging';
import type { HeldMessage } from '@ctq/messaging/store';

/** What is in `ctq_message.envelope`, as JSON: everything of a message but its bytes. */
type Envelope = readonly [
  contentType: string,
  contentEncoding: string,
  headers: Message['headers'],
  properties: Message['properties'],
  exchange: string,
  routingKey: string,
];

/** What `pop` returns for each message. */
export type MessageRow = readonly [
  id: number,
  queue: string,
  priority: number,
  deliveries: number,
  expiresAt: number | null,
  envelope: string,
  body: Uint8Array | null,
];

export function encodeEnvelope(message: Message, route: Route): string {
  const { contentType, contentEncoding, headers, properties } = message;
  const envelope: Envelope = [contentType, contentEncoding, headers, properties, route.exchange, route.routingKey];
  return JSON.stringify(envelope);
}

export function heldMessage(row: MessageRow, grab: number): HeldMessage {
  const [id, queue, , deliveries, expiresAt, json, body] = row;
  const [contentType, contentEncoding, headers, properties, exchange, routingKey] = JSON.parse(json) as Envelope;
  const held = {
    tag: `${id}.${grab}`,
    queue,
    message: { body: body ?? noBytes, contentType, contentEncoding, headers, properties },
    route: { exchange, routingKey },
    redelivered: deliveries > 0,
    deliveryCount: deliveries,
  };
  return expiresAt === null ? held : { ...held, expiresAt };
}

const noBytes = new Uint8Array();
const tagPattern = /^-?\d+\.\d+$/;

/** Tags as the JSON list of `[id, grab]` pairs that the statements take; what is no tag of this store is left out. */
export function tagPairs(tags: readonly string[]): string {
  let pairs = '';
  for (const tag of tags) {
    if (tagPattern.test(tag)) pairs += `${pairs === '' ? '' : ','}[${tag.replace('.', ',')}]`;
  }
  return `[${pairs}]`;
}

/** The parts of one tag; undefined for what is no tag of this store. */
export function parseTag(tag: string): readonly [id: number, grab: number] | undefined {
  if (!tagPattern.test(tag)) return undefined;
  const dot = tag.indexOf('.', 1);
  return [Number(tag.slice(0, dot)), Number(tag.slice(dot + 1))];
}
