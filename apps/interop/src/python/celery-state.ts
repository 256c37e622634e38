import type { TaskSnapshot, WorkerSnapshot } from '@ctq/core/events';
import { Conversation } from './conversation.js';

/** Events on their way to a state, in the order in which they come. */
export interface EventStream {
  readonly events: readonly Readonly<Record<string, unknown>>[];
  /** When it is looked at, in seconds since the epoch. */
  readonly now: number;
  readonly maxWorkers: number;
  readonly maxTasks: number;
  /** Whether somebody listens to workers that come and go. */
  readonly takesNote: boolean;
}

/** What a state knows at the end. */
export interface KnownAtTheEnd {
  readonly events: number;
  readonly tasks_received: number;
  readonly types: readonly string[];
  readonly noted: readonly string[];
  readonly workers: readonly (Omit<WorkerSnapshot, 'counts'> & { readonly alive: boolean })[];
  readonly tasks: readonly Omit<TaskSnapshot, 'more'>[];
  readonly latest_first: readonly string[];
  readonly earliest_first: readonly string[];
  readonly of_first_type: readonly string[];
}

/** Celery's `events.state.State`, and its `events.dumper.Dumper`, in a process of its own. */
export class CeleryState implements AsyncDisposable {
  readonly #conversation: Conversation;

  constructor(python: string) {
    this.#conversation = new Conversation(python, 'cluster_state.py', { broker: '', backend: '' });
  }

  /** What a new one makes of the events. */
  play({ events, now, maxWorkers, maxTasks, takesNote }: EventStream): Promise<KnownAtTheEnd> {
    const limits = { max_workers_in_memory: maxWorkers, max_tasks_in_memory: maxTasks };
    return this.#conversation.tell('play', events, now, limits, takesNote);
  }

  /** The lines that `celery events --dump` prints of them. */
  dump(events: EventStream['events']): Promise<string> {
    return this.#conversation.tell('dump', events);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#conversation[Symbol.asyncDispose]();
  }
}
