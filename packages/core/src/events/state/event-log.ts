import type { TaskRecord } from './task-record.js';

/** One event of a task, as far as it orders tasks. */
interface Entry {
  readonly clock: number | null;
  /** Seconds since the epoch. */
  readonly timestamp: number;
  readonly origin: string;
  /** Emptied when the task is forgotten. */
  readonly place: Place;
}

/** Where entries of a task find it: those of a task that was forgotten find nothing, and keep nothing. */
interface Place {
  task: TaskRecord | undefined;
}

/** The last events of tasks in their order in time, by logical clocks as far as they go (celery 5.6 events/state.py, State._taskheap; kombu 5.6 clocks.py, timetuple). */
export class EventLog {
  readonly #limit: number;
  readonly #places = new Map<TaskRecord, Place>();
  /** Ordered from `#first` on; what is before it is gone, and cut off now and then. */
  #entries: Entry[] = [];
  #first = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#entries.length - this.#first;
  }

  add(task: TaskRecord, clock: number | null, timestamp: number, origin: string): void {
    if (this.size >= this.#limit) this.#dropFirst();
    const entry = { clock, timestamp, origin, place: this.#placeOf(task) };
    const last = this.#entries.at(-1);
    // Most are later than all before.
    if (this.size === 0 || (last !== undefined && isBefore(last, entry))) this.#entries.push(entry);
    else this.#entries.splice(this.#indexFor(entry), 0, entry);
  }

  /** The task is known no more. */
  forget(task: TaskRecord): void {
    const place = this.#places.get(task);
    if (place !== undefined) place.task = undefined;
    this.#places.delete(task);
  }

  clear(): void {
    for (const place of this.#places.values()) place.task = undefined;
    this.#places.clear();
    this.#entries = [];
    this.#first = 0;
  }

  /** Made anew of one event for each task, the last one. */
  rebuild(tasks: Iterable<TaskRecord>): void {
    this.clear();
    for (const task of tasks) {
      const { clock, timestamp } = task.fields;
      this.#entries.push({
        ...{ clock, timestamp: timestamp ?? 0, origin: task.origin ?? '', place: this.#placeOf(task) },
      });
    }
    this.#entries.sort((a, b) => (isBefore(a, b) ? -1 : isBefore(b, a) ? 1 : 0));
    this.#entries.splice(0, Math.max(0, this.size - this.#limit));
  }

  /** Each task once, where its latest event is, the latest first; or its earliest, the earliest first. */
  *tasks(order: 'latest-first' | 'earliest-first'): Generator<TaskRecord, void, undefined> {
    const seen = new Set<TaskRecord>();
    // A copy: who reads may await in between, and events go on.
    const entries = this.#entries.slice(this.#first);
    if (order === 'latest-first') entries.reverse();
    for (const { place } of entries) {
      if (place.task === undefined || seen.has(place.task)) continue;
      seen.add(place.task);
      yield place.task;
    }
  }

  #placeOf(task: TaskRecord): Place {
    const found = this.#places.get(task);
    if (found !== undefined) return found;
    const place: Place = { task };
    this.#places.set(task, place);
    return place;
  }

  /** Shifting tens of thousands of entries for each event would be most of the work. */
  #dropFirst(): void {
    this.#first += 1;
    if (this.#first < this.#limit) return;
    this.#entries = this.#entries.slice(this.#first);
    this.#first = 0;
  }

  /** Behind those that it is not before (Python's bisect_right, which decides where the order is not total). */
  #indexFor(entry: Entry): number {
    let low = this.#first;
    let high = this.#entries.length;
    while (low < high) {
      const middle = low + Math.floor((high - low) / 2);
      const other = this.#entries[middle];
      if (other !== undefined && isBefore(entry, other)) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** By the logical clocks where both have one, at the same clock by who tells; else by the time. */
function isBefore(one: Entry, other: Entry): boolean {
  if (!one.clock || !other.clock) return one.timestamp < other.timestamp;
  return one.clock === other.clock ? one.origin < other.origin : one.clock < other.clock;
}
