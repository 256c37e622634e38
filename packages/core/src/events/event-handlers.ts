import { type Logger, toError } from '@ctq/runtime';
import { isThenable } from '../execute/is-thenable.js';
import type { ReceivedEvent } from './event-types.js';

/** May be asynchronous; nobody waits for it. What it throws is logged. */
export type EventHandler<Event> = (event: Event) => unknown;

/** Gives events to those who want events of their type. */
export class EventHandlers {
  readonly #logger: Logger;
  readonly #handlers = new Map<string, readonly EventHandler<never>[]>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** @param type `*` for those that nobody else wants. Returns the function that takes it away. */
  add(type: string, handler: EventHandler<never>): () => void {
    if (typeof handler !== 'function') throw new TypeError(`A handler of events of the type ${type} is a function.`);
    // Its own, so that one that is added twice is taken away once.
    const own: EventHandler<never> = (event) => handler(event);
    // New lists: one that is being gone through stays as it is.
    this.#handlers.set(type, [...this.#of(type), own]);
    return () => {
      const others = this.#of(type).filter((one) => one !== own);
      if (others.length > 0) this.#handlers.set(type, others);
      else this.#handlers.delete(type);
    };
  }

  /** Never throws. */
  give(event: ReceivedEvent): void {
    const handlers = this.#handlers.get(event.type) ?? this.#of('*');
    for (const handler of handlers) this.#call(handler, event);
  }

  #of(type: string): readonly EventHandler<never>[] {
    return this.#handlers.get(type) ?? [];
  }

  #call(handler: EventHandler<never>, event: ReceivedEvent): void {
    const tell = (error: unknown): void =>
      this.#logger.error({ err: toError(error), type: event.type }, 'A handler of events threw');
    try {
      // What is given under a type has that type's fields: the reader has seen to it.
      const given = handler(event as never);
      if (isThenable(given)) given.then(undefined, tell);
    } catch (error) {
      tell(error);
    }
  }
}
