import { Conversation } from './conversation.js';
import type { PythonSite } from './python-site.js';

export type Fields = Readonly<Record<string, unknown>>;

/** `app.events.Receiver` and `celery.events.state.State`, in a process that listens from its start. */
export class CeleryMonitor implements AsyncDisposable {
  readonly #conversation: Conversation;

  constructor(python: string, site: PythonSite) {
    this.#conversation = new Conversation(python, 'monitor.py', site);
  }

  /** What the State knows of tasks, when of each there were events of all these types, in whatever order. */
  tasks(types: Readonly<Record<string, readonly string[]>>): Promise<Readonly<Record<string, Fields>>> {
    return this.#conversation.tell('tasks', types);
  }

  /** What the State knows of workers, when all of them have told of their own accord. */
  workers(names: readonly string[]): Promise<Readonly<Record<string, Fields>>> {
    return this.#conversation.tell('workers', names);
  }

  /** The events of a task that have come, in their order. */
  events(id: string): Promise<readonly Fields[]> {
    return this.#conversation.tell('events', id);
  }

  /** The last event of a type that a node has sent, when there is one. */
  event(type: string, node: string): Promise<Fields> {
    return this.#conversation.tell('event', type, node);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#conversation[Symbol.asyncDispose]();
  }
}
