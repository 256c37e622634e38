import { type ContentCodec, type EncodedContent, exchange, type Exchange, type Message } from '@ctq/messaging';
import type { Kernel } from '../app/kernel.js';
import type { EventFields } from './event-sender.js';

/** An event as it travels: what it tells, and who, when and where in the order of things. */
export type WireEvent = Readonly<Record<string, unknown>>;

/** One whose JSON is written already. */
export type WrittenEvent = WireEvent | string;

/** What events are made with. */
export type EventMaking = Pick<Kernel, 'clock' | 'content' | 'logicalClock' | 'settings'>;

/** Something happens now, at `node`. celery 5.6 events/event.py, Event; utils/time.py, utcoffset: whole hours west of Greenwich. */
export function makeEvent(
  { clock, logicalClock }: EventMaking,
  type: string,
  fields: EventFields,
  node: string,
): WireEvent {
  const now = clock.now();
  return {
    hostname: node,
    utcoffset: utcOffset(now),
    pid: process.pid,
    clock: logicalClock.forward(),
    ...fields,
    timestamp: now / 1_000,
    type,
  };
}

/** Whole hours west of Greenwich. */
export function utcOffset(now: number): number {
  return Math.floor(new Date(now).getTimezoneOffset() / 60);
}

/** One event, or several that travel together (celery 5.6 events/dispatcher.py, _publish). @throws EncodeError for fields that the serializer does not have. */
export function eventMessage(
  { content, settings }: EventMaking,
  event: WrittenEvent | readonly WrittenEvent[],
  node: string,
): Message {
  const { body, contentType, contentEncoding } = encodeEvent(content, event, settings.eventSerializer);
  return { body, contentType, contentEncoding, headers: { hostname: node }, properties: { deliveryMode: 1 } };
}

function encodeEvent(
  content: ContentCodec,
  event: WrittenEvent | readonly WrittenEvent[],
  serializer: string,
): EncodedContent {
  const several: readonly WrittenEvent[] | undefined = Array.isArray(event) ? event : undefined;
  if (several === undefined ? typeof event !== 'string' : !several.some((one) => typeof one === 'string'))
    return content.encode(event, { serializer });
  const textOf = (one: WrittenEvent): string =>
    typeof one === 'string' ? one : Buffer.from(content.encode(one, { serializer }).body).toString();
  const text = several === undefined ? textOf(event as WrittenEvent) : `[${several.map(textOf).join()}]`;
  const written = content.encodeJson(text, serializer);
  if (written === undefined) throw new TypeError(`Events were written as JSON, and are to be sent as ${serializer}.`);
  return written;
}

/** celery 5.6 events/dispatcher.py, publish: every dash. */
export function eventRoutingKey(type: string): string {
  return type.replaceAll('-', '.');
}

/** celery 5.6 events/event.py, group_from: `task` of `task-sent`. */
export function eventGroup(type: string): string {
  const dash = type.indexOf('-');
  return dash === -1 ? type : type.slice(0, dash);
}

/** celery 5.6 events/event.py, get_exchange: on Redis a fan-out exchange, which is the one that keeps nothing there. */
export function eventExchange(name: string, transport: string): Exchange {
  return exchange(name, { type: transport === 'redis' ? 'fanout' : 'topic' });
}
