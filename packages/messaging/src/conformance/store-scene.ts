import { randomUUID } from 'node:crypto';
import { type Clock, silentLogger } from '@ctq/runtime';
import type { MessageProperties } from '../message/message.js';
import type { HeldMessage, PushEntry, QueueStore } from '../store/queue-store.js';
import { textMessage } from './messages.js';
import { within } from './patience.js';

export interface StoreSceneOptions {
  readonly create: () => QueueStore;
  readonly clock: Clock;
  readonly passTime: (ms: number) => Promise<void>;
  readonly patienceMs: number;
}

/** What one case works with: opened stores with a holder each, names nobody else uses. */
export class StoreScene {
  readonly clock: Clock;
  readonly #options: StoreSceneOptions;
  readonly #stores: QueueStore[] = [];
  readonly #queues: string[] = [];

  constructor(options: StoreSceneOptions) {
    this.clock = options.clock;
    this.#options = options;
  }

  /** Another store over the same broker, opened, with a holder of its own. */
  async store(): Promise<QueueStore> {
    const store = this.#options.create();
    this.#stores.push(store);
    await store.open({ clock: this.clock, logger: silentLogger, holder: randomUUID() }, new AbortController().signal);
    return store;
  }

  queue(): string {
    const name = this.name('queue');
    this.#queues.push(name);
    return name;
  }

  name(what: string): string {
    return `ctq-kit.${what}.${randomUUID()}`;
  }

  entry(queue: string, text: string, options: Partial<PushEntry> = {}): PushEntry {
    return { queue, message: textMessage(text), route: { exchange: '', routingKey: queue }, priority: 0, ...options };
  }

  async push(store: QueueStore, queue: string, ...texts: readonly string[]): Promise<void> {
    await store.push(texts.map((text) => this.entry(queue, text)));
  }

  async pushWith(store: QueueStore, queue: string, text: string, properties: MessageProperties): Promise<void> {
    await store.push([{ ...this.entry(queue, text), message: textMessage(text, properties) }]);
  }

  async pop(store: QueueStore, queue: string, limit = 100): Promise<readonly HeldMessage[]> {
    return await store.pop({ queues: [queue], limit, noAck: false });
  }

  /** The one message that must be there. */
  async popOne(store: QueueStore, queue: string): Promise<HeldMessage> {
    const [held] = await this.pop(store, queue, 1);
    if (held === undefined) throw new Error(`Nothing waits in ${queue}.`);
    return held;
  }

  /** Lets time pass on the store's clock. */
  async passTime(ms: number): Promise<void> {
    await this.#options.passTime(ms);
  }

  async eventually<T>(what: string, work: Promise<T>): Promise<T> {
    return await within(this.#options.patienceMs, what, work);
  }

  async close(): Promise<void> {
    const [first] = this.#stores;
    for (const queue of this.#queues) await first?.dropQueue(queue).catch(() => undefined);
    for (const store of this.#stores) await store.close();
  }
}
