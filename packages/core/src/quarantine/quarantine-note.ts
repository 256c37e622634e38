import type { Message, Route } from '@ctq/messaging';
import type { Crash } from './crash-records.js';

/** The header in which a message says why, and since when, it is in quarantine; one that was sent back keeps it for its history. */
const quarantineHeader = 'ctq-quarantine';

/** Something that happened to a message. Times are milliseconds since the epoch. */
export type QuarantineEvent =
  | ({ readonly event: 'crash' } & Crash)
  | { readonly event: 'quarantined'; readonly at: number; readonly worker: string }
  | { readonly event: 'redriven'; readonly at: number };

/** What a worker knows when it puts a message into quarantine. */
export interface QuarantineReason {
  /** In a word. */
  readonly reason: 'crashed' | 'returned';
  readonly route: Route;
  readonly worker: string;
  readonly crashes: readonly Crash[];
}

export interface QuarantineNote {
  readonly reason: string;
  /** The queue that it was in. */
  readonly queue: string;
  /** Where it was published to. */
  readonly exchange: string;
  readonly routingKey: string;
  /** Milliseconds since the epoch. */
  readonly quarantinedAt: number;
  /** The oldest first, what was before an earlier quarantine included. */
  readonly history: readonly QuarantineEvent[];
  /** Its time to live, which does not run in quarantine. */
  readonly expiration?: string;
}

/** The note of a message that is or was in quarantine; undefined where there is none, or none that can be read. */
export function noteOf({ headers }: Message): QuarantineNote | undefined {
  const note = headers[quarantineHeader] as Partial<QuarantineNote> | null | undefined;
  if (typeof note !== 'object' || note === null) return undefined;
  return typeof note.queue === 'string' && Array.isArray(note.history) ? (note as QuarantineNote) : undefined;
}

/** The message as it goes into quarantine: the same bytes, with a note. */
export function quarantined(message: Message, queue: string, found: QuarantineReason, now: number): Message {
  const { expiration, ...properties } = message.properties;
  const { reason, route, worker, crashes } = found;
  const note: QuarantineNote = {
    reason,
    queue,
    exchange: route.exchange,
    routingKey: route.routingKey,
    quarantinedAt: now,
    history: [
      ...(noteOf(message)?.history ?? []),
      ...crashes.map((crash) => ({ event: 'crash' as const, ...crash })),
      { event: 'quarantined', at: now, worker },
    ],
    ...(expiration === undefined ? {} : { expiration }),
  };
  return { ...message, headers: { ...asPublished(message), [quarantineHeader]: note }, properties };
}

/** The message as it goes back to its queue: as it was published, but for its history. */
export function redriven(message: Message, now: number): Message {
  const note = noteOf(message);
  if (note === undefined) return { ...message, headers: asPublished(message) };
  const { expiration, ...kept } = note;
  const history: readonly QuarantineEvent[] = [...note.history, { event: 'redriven', at: now }];
  return {
    ...message,
    headers: { ...asPublished(message), [quarantineHeader]: { ...kept, history } },
    properties: expiration === undefined ? message.properties : { ...message.properties, expiration },
  };
}

/** Kombu's mark of a second delivery stands among the headers: it is of a delivery and not of the message. */
function asPublished({ headers: { redelivered: _, ...headers } }: Message): Message['headers'] {
  return headers;
}
