import type { Duration } from '@ctq/runtime';
import type { SettingsTable } from '../setting.js';
import { duration, optional, text, truth } from '../setting-types.js';

/** Events: what may be given. */
export interface EventSettings {
  /** How long an idle receiver's queue lives. */
  eventQueueExpires: Duration;
  /** How long an event waits in a receiver's queue. */
  eventQueueTtl: Duration;
  /** Prefix of the receivers' queues. */
  eventQueuePrefix: string;
  /** Receivers' queues belong to one connection. */
  eventQueueExclusive: boolean;
  /** Receivers' queues survive a restart of the broker. */
  eventQueueDurable: boolean;
  /** Serializer of events. */
  eventSerializer: string;
  /** Exchange of events. */
  eventExchange: string;
  /** Log file of `ctq events`. */
  eventsLogfile: string | null;
  /** Process id file of `ctq events`. */
  eventsPidfile: string | null;
  /** User that `ctq events` runs as. */
  eventsUid: string | null;
  /** Group that `ctq events` runs as. */
  eventsGid: string | null;
  /** File mode mask of `ctq events`. */
  eventsUmask: string | null;
  /** Executable for a detached `ctq events`. */
  eventsExecutable: string | null;
}

export const eventSettings: SettingsTable<EventSettings> = {
  eventQueueExpires: {
    type: duration,
    default: 60,
    status: 'effective',
    old: ['CELERY_EVENT_QUEUE_EXPIRES'],
    doc: "How long an idle receiver's queue lives.",
  },
  eventQueueTtl: {
    type: duration,
    default: 5,
    status: 'effective',
    old: ['CELERY_EVENT_QUEUE_TTL'],
    doc: "How long an event waits in a receiver's queue.",
  },
  eventQueuePrefix: {
    type: text,
    default: 'celeryev',
    status: 'effective',
    old: ['CELERY_EVENT_QUEUE_PREFIX'],
    doc: "Prefix of the receivers' queues.",
  },
  eventQueueExclusive: {
    type: truth,
    default: false,
    status: 'effective',
    old: ['CELERY_EVENT_QUEUE_EXCLUSIVE'],
    doc: "Receivers' queues belong to one connection.",
  },
  eventQueueDurable: {
    type: truth,
    default: false,
    status: 'effective',
    old: ['CELERY_EVENT_QUEUE_DURABLE'],
    doc: "Receivers' queues survive a restart of the broker.",
  },
  eventSerializer: {
    type: text,
    default: 'json',
    status: 'effective',
    old: ['CELERY_EVENT_SERIALIZER'],
    doc: 'Serializer of events.',
  },
  eventExchange: {
    type: text,
    default: 'celeryev',
    status: 'effective',
    old: ['CELERY_EVENT_EXCHANGE'],
    doc: 'Exchange of events.',
  },
  eventsLogfile: {
    type: optional(text),
    default: undefined,
    status: 'effective',
    old: [],
    doc: 'Log file of `ctq events`.',
  },
  eventsPidfile: {
    type: optional(text),
    default: undefined,
    status: 'effective',
    old: [],
    doc: 'Process id file of `ctq events`.',
  },
  eventsUid: {
    type: optional(text),
    default: undefined,
    status: 'effective',
    old: [],
    doc: 'User that `ctq events` runs as.',
  },
  eventsGid: {
    type: optional(text),
    default: undefined,
    status: 'effective',
    old: [],
    doc: 'Group that `ctq events` runs as.',
  },
  eventsUmask: {
    type: optional(text),
    default: undefined,
    status: 'effective',
    old: [],
    doc: 'File mode mask of `ctq events`.',
  },
  eventsExecutable: {
    type: optional(text),
    default: undefined,
    status: 'effective',
    old: [],
    doc: 'Executable for a detached `ctq events`.',
  },
};
