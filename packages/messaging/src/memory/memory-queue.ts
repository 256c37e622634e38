import { Deque } from '@ctq/runtime';
import type { Message, Route } from '../message/message.js';
import type { HeldMessage, PushEntry } from '../store/queue-store.js';

/** A message in a queue or in somebody's hands. A new one is made each time it returns, so that old tags stay what they were. */
export class MemoryMessage implements HeldMessage {
  tag = '';
  readonly home: MemoryQueue;
  readonly queue: string;
  readonly message: Message;
  readonly route: Route;
  readonly priority: number;
  readonly redelivered: boolean;
  readonly deliveryCount: number;
  declare readonly expiresAt?: number;

  constructor(home: MemoryQueue, entry: PushEntry, redelivered: boolean, deliveryCount: number) {
    this.home = home;
    this.queue = entry.queue;
    this.message = entry.message;
    this.route = entry.route;
    this.priority = entry.priority;
    this.redelivered = redelivered;
    this.deliveryCount = deliveryCount;
    if (entry.expiresAt !== undefined) this.expiresAt = entry.expiresAt;
  }
}

interface Parked {
  readonly dueAt: number;
  readonly message: MemoryMessage;
}

/** One queue: what waits by priority, 9 the most urgent, and what is parked by due time. */
export class MemoryQueue {
  readonly #levels: (Deque<MemoryMessage> | undefined)[] = new Array<undefined>(10).fill(undefined);
  /** A bit for each priority at which something waits. */
  #occupied = 0;
  #waiting = 0;
  #parked: Parked[] = [];
  /** Messages in somebody's hands. */
  held = 0;

  get waiting(): number {
    return this.#waiting;
  }

  get parked(): number {
    return this.#parked.length;
  }

  get occupied(): number {
    return this.#occupied;
  }

  push(entry: PushEntry): void {
    this.#level(entry.priority).pushBack(new MemoryMessage(this, entry, false, 0));
  }

  return(message: MemoryMessage, position: 'front' | 'back', charged: boolean): void {
    const returned = this.#copy(message, charged);
    if (position === 'front') this.#level(message.priority).pushFront(returned);
    else this.#level(message.priority).pushBack(returned);
  }

  park(message: MemoryMessage, dueAt: number): void {
    const parked = { dueAt, message: this.#copy(message, false) };
    let at = this.#parked.length;
    while (at > 0 && (this.#parked[at - 1]?.dueAt ?? 0) > dueAt) at -= 1;
    this.#parked.splice(at, 0, parked);
  }

  /** When the next parked message falls due. */
  get nextDueAt(): number | undefined {
    return this.#parked[0]?.dueAt;
  }

  returnDue(now: number): void {
    const { nextDueAt } = this;
    if (nextDueAt === undefined || nextDueAt > now) return;
    let count = 0;
    while ((this.#parked[count]?.dueAt ?? Number.POSITIVE_INFINITY) <= now) count += 1;
    for (const { message } of this.#parked.splice(0, count).reverse()) this.#level(message.priority).pushFront(message);
  }

  /** The oldest message of this priority. */
  take(priority: number): MemoryMessage | undefined {
    const level = this.#levels[priority];
    const message = level?.popFront();
    if (message === undefined) return undefined;
    this.#waiting -= 1;
    if (level?.size === 0) this.#occupied &= ~(1 << priority);
    return message;
  }

  /** Deletes what waits and what is parked. */
  clear(): number {
    const count = this.#waiting + this.#parked.length;
    for (const level of this.#levels) level?.clear();
    this.#occupied = 0;
    this.#waiting = 0;
    this.#parked = [];
    return count;
  }

  /** The level that is about to get one more. */
  #level(priority: number): Deque<MemoryMessage> {
    this.#waiting += 1;
    this.#occupied |= 1 << priority;
    let level = this.#levels[priority];
    if (level === undefined) {
      level = new Deque();
      this.#levels[priority] = level;
    }
    return level;
  }

  #copy(message: MemoryMessage, charged: boolean): MemoryMessage {
    return new MemoryMessage(this, message, message.redelivered || charged, message.deliveryCount + (charged ? 1 : 0));
  }
}
