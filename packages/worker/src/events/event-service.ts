import type { EventDispatcher } from '@ctq/core';
import type { Deadline, Service } from '@ctq/runtime';
import { ServiceLife } from '../service-life.js';

/** Closes the dispatcher of a worker's events after everybody who sends some: it connects by itself, at the first one. */
export class EventService implements Service {
  readonly name = 'events';
  readonly #life = new ServiceLife('events');
  readonly #dispatcher: EventDispatcher;

  constructor(dispatcher: EventDispatcher) {
    this.#dispatcher = dispatcher;
  }

  get failed(): Promise<Error> {
    return this.#life.failed;
  }

  start(signal: AbortSignal): Promise<void> {
    return this.#life.start(signal, async () => undefined);
  }

  async stop(deadline: Deadline): Promise<void> {
    await deadline.wait(this.#life.stopping());
    await this.#dispatcher.close(deadline);
  }
}
