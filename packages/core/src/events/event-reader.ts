import type { ContentCodec, LamportClock, Message } from '@ctq/messaging';
import type { Clock } from '@ctq/runtime';
import { checkEvent } from './event-fields.js';
import type { ReceivedEvent } from './event-types.js';

/** What a client's own clock is worth: it never hears of others' (celery 5.6 events/receiver.py, CLIENT_CLOCK_SKEW). */
const clientClockSkew = -1;

export interface EventReaderOptions {
  readonly content: ContentCodec;
  readonly logicalClock: LamportClock;
  readonly clock: Clock;
  /** Whether times are brought to this host's by `utcoffset`. */
  readonly localize: boolean;
}

/** What a message held, and how much in it was no event. */
export interface ReadEvents {
  readonly events: readonly ReceivedEvent[];
  readonly unreadable: number;
}

/** Reads messages of events: one, or a list of many, whatever their routing key (celery 5.6 events/receiver.py, EventReceiver._receive). */
export class EventReader {
  readonly #options: EventReaderOptions;

  constructor(options: EventReaderOptions) {
    this.#options = options;
  }

  /** @throws DecodeError and the like for a message that is none of events at all. */
  read(message: Message): ReadEvents {
    const body = this.#options.content.decode(message);
    const all: readonly unknown[] = Array.isArray(body) ? body : [body];
    const events = all.map((one) => this.#event(one)).filter((event) => event !== undefined);
    return { events, unreadable: all.length - events.length };
  }

  /** celery 5.6 events/receiver.py, event_from_message. */
  #event(value: unknown): ReceivedEvent | undefined {
    if (!isRecord(value) || !checkEvent(value)) return undefined;
    const { clock, localize } = this.#options;
    const receivedAt = clock.now();
    value['clock'] = this.#logicalTime(value.type, value['clock']);
    const { utcoffset, timestamp } = value;
    // As Celery does, although what it sends counts from the same epoch everywhere.
    if (localize && typeof utcoffset === 'number' && typeof timestamp === 'number')
      value['timestamp'] = timestamp - (utcoffset - hoursWest(receivedAt)) * 3_600;
    return Object.assign(value, { local_received: receivedAt / 1_000 });
  }

  #logicalTime(type: string, told: unknown): number {
    const { logicalClock } = this.#options;
    if (type === 'task-sent') {
      const own = (logicalClock.value === 0 ? 1 : logicalClock.value) + clientClockSkew;
      logicalClock.adjust(own);
      return own;
    }
    if (typeof told !== 'number') return logicalClock.forward();
    logicalClock.adjust(told);
    return told;
  }
}

/** celery 5.6 utils/time.py, utcoffset: whole hours. */
function hoursWest(at: number): number {
  return Math.floor(new Date(at).getTimezoneOffset() / 60);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
