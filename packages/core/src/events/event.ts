import { exchange, type Exchange, type Message } from '@ctq/messaging';
import type { Kernel } from '../app/kernel.js';
import type { EventFields } from './event-sender.js';

/** An event as it travels: what it tells, and who, when and where in the order of things. */
export type WireEvent = Readonly<Record<string, unknown>>;

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
    utcoffset: Math.floor(new Date(now).getTimezoneOffset() / 60),
    pid: process.pid,
    clock: logicalClock.forward(),
    ...fields,
    timestamp: now / 1_000,
    type,
  };
}

/** One event, or several that travel together (celery 5.6 events/dispatcher.py, _publish). @throws EncodeError for fields that the serializer does not have. */
export function eventMessage(
  { content, settings }: EventMaking,
  event: WireEvent | readonly WireEvent[],
  node: string,
): Message {
  const { body, contentType, contentEncoding } = content.encode(event, { serializer: settings.eventSerializer });
  return { body, contentType, contentEncoding, headers: { hostname: node }, properties: { deliveryMode: 1 } };
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
