import type { PushEntry } from '@ctq/messaging/store';
import { TableTopology } from './table-topology.js';

/** One message in one queue. */
export interface Row {
  readonly entry: PushEntry;
  /** Order within the queue: the smallest is next. */
  place: number;
  /** Who has it, and under which tag. */
  holder: string | undefined;
  tag: string;
  /** Deliveries that were charged. */
  deliveries: number;
}

/** What a database would be: the state that all stores of one broker share, and a way to tell that it changed. */
export class Table {
  readonly topology = new TableTopology();
  readonly #rows = new Set<Row>();
  readonly #listeners = new Set<(queue: string) => void>();
  #places = 0;
  #tags = 0;

  insert(entry: PushEntry): void {
    this.#rows.add({ entry, place: this.#nextPlace(), holder: undefined, tag: '', deliveries: 0 });
    this.#tell(entry.queue);
  }

  /** The rows that wait: most urgent first, then in the order of the queues, then the oldest. */
  waiting(queues: readonly string[], limit: number): readonly Row[] {
    const order = new Map(queues.map((queue, index) => [queue, index]));
    const rows = [...this.#rows].filter(({ holder, entry }) => holder === undefined && order.has(entry.queue));
    const rank = ({ entry }: Row): number => order.get(entry.queue) ?? 0;
    return rows
      .sort((a, b) => b.entry.priority - a.entry.priority || rank(a) - rank(b) || a.place - b.place)
      .slice(0, limit);
  }

  /** Marks a row as held; the tag is of this delivery, not of the message. */
  hold(row: Row, holder: string): void {
    row.holder = holder;
    row.tag = String(++this.#tags);
  }

  held(holder: string, tag: string): Row | undefined {
    return [...this.#rows].find((row) => row.holder === holder && row.tag === tag);
  }

  heldBy(holder: string): readonly Row[] {
    return [...this.#rows].filter((row) => row.holder === holder).sort((a, b) => a.place - b.place);
  }

  giveBack(row: Row, position: 'front' | 'back', isCharged: boolean): void {
    row.holder = undefined;
    if (isCharged) row.deliveries += 1;
    row.place =
      position === 'front' ? Math.min(0, ...[...this.#rows].map(({ place }) => place)) - 1 : this.#nextPlace();
    this.#tell(row.entry.queue);
  }

  delete(row: Row): void {
    this.#rows.delete(row);
  }

  /** Every row of a queue, waiting or held. */
  of(queue: string): readonly Row[] {
    return [...this.#rows].filter(({ entry }) => entry.queue === queue);
  }

  /** Calls back after messages arrived; returns how to end that. */
  onArrival(listener: (queue: string) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #nextPlace(): number {
    this.#places += 1;
    return this.#places;
  }

  #tell(queue: string): void {
    for (const listener of [...this.#listeners]) listener(queue);
  }
}
