import { Deque } from '@ctq/runtime';
import { eventGroup, eventRoutingKey, type WrittenEvent } from './event.js';

/** Events of one message, and how it is routed. */
export interface EventParcel {
  readonly events: readonly WrittenEvent[];
  readonly routingKey: string;
  /** The body is a list, also where there is one in it. */
  readonly isList: boolean;
}

interface Waiting {
  readonly type: string;
  readonly event: WrittenEvent;
}

/** celery 5.6 events/dispatcher.py, EventDispatcher.__init__: buffer_limit. */
export const mostInParcel = 24;

/** Events that wait to be sent, in their order, and not without end: the oldest go when there are too many. */
export class EventBacklog {
  readonly #most: number;
  readonly #waiting = new Deque<Waiting>();
  /** What could not be sent and goes first. */
  #returned: EventParcel[] = [];
  #returnedEvents = 0;
  #dropped = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#waiting.size + this.#returnedEvents;
  }

  /** How many were dropped since it was asked last. */
  takeDropped(): number {
    const dropped = this.#dropped;
    this.#dropped = 0;
    return dropped;
  }

  add(type: string, event: WrittenEvent): void {
    this.#waiting.pushBack({ type, event });
    this.#dropOldest();
  }

  /**
   * The next ones, with so many parcels at most. @param lists events of tasks that follow each other travel as lists, under `task.multi` (celery 5.6 worker/consumer/events.py:
   * where there is an event loop)
   */
  take(mostParcels: number, lists: boolean): readonly EventParcel[] {
    const parcels = this.#returned.splice(0, mostParcels);
    this.#returnedEvents -= parcels.reduce((count, { events }) => count + events.length, 0);
    while (parcels.length < mostParcels) {
      const next = this.#takeOne(lists);
      if (next === undefined) break;
      parcels.push(next);
    }
    return parcels;
  }

  /** They could not be sent, and are the next ones again. */
  giveBack(parcels: readonly EventParcel[]): void {
    this.#returned = [...parcels, ...this.#returned];
    this.#returnedEvents += parcels.reduce((count, { events }) => count + events.length, 0);
    this.#dropOldest();
  }

  clear(): void {
    this.#waiting.clear();
    this.#returned = [];
    this.#returnedEvents = 0;
  }

  #takeOne(lists: boolean): EventParcel | undefined {
    const first = this.#waiting.popFront();
    if (first === undefined) return undefined;
    if (!lists || eventGroup(first.type) !== 'task')
      return { events: [first.event], routingKey: eventRoutingKey(first.type), isList: false };
    const events = [first.event];
    while (events.length < mostInParcel) {
      const { front } = this.#waiting;
      if (front === undefined || eventGroup(front.type) !== 'task') break;
      events.push(front.event);
      this.#waiting.popFront();
    }
    return { events, routingKey: 'task.multi', isList: true };
  }

  #dropOldest(): void {
    while (this.size > this.#most) {
      const parcel = this.#returned.shift();
      if (parcel === undefined) this.#waiting.popFront();
      else this.#returnedEvents -= parcel.events.length;
      this.#dropped += parcel?.events.length ?? 1;
    }
  }
}
