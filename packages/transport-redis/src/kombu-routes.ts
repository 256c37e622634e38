import type { ExchangeDeclaration, ExchangeType } from '@ctq/messaging/transport';
import { topicPattern } from '@ctq/messaging/store';
import type { Redis } from 'ioredis';
import type { KeySpace } from './key-space.js';
import { topicRegex } from './topic-regex.js';

interface Route {
  readonly exchange: string;
  readonly routingKey: string;
}

interface Binding {
  readonly routingKey: string;
  readonly pattern: string;
  readonly queue: string;
}

/**
 * Where messages go that Python programs published, as their own channels look it up (kombu 5.6 transport/virtual/base.py, Channel._lookup): a booking
 * names the exchange and the routing key, not the queue that the message was taken from. Remembers what it read: one is made for each sweep.
 */
export class KombuRoutes {
  readonly #client: Redis;
  readonly #keys: KeySpace;
  readonly #deadLetterQueue: string | undefined;
  readonly #tables = new Map<string, Promise<(routingKey: string) => readonly string[]>>();

  constructor(client: Redis, keys: KeySpace, deadLetterQueue: string | undefined) {
    this.#client = client;
    this.#keys = keys;
    this.#deadLetterQueue = deadLetterQueue;
  }

  /**
   * The queues that get the message. What no binding leads anywhere goes to the dead letter queue, or to the queue of that name where there is
   * one; else to none, in which case Kombu drops it.
   */
  async queuesFor({ exchange, routingKey }: Route): Promise<readonly string[]> {
    if (exchange === '') return [routingKey];
    const table = this.#tables.get(exchange) ?? this.#read(exchange);
    this.#tables.set(exchange, table);
    const queues = (await table)(routingKey);
    if (queues.length > 0) return queues;
    if (this.#deadLetterQueue !== undefined) return [this.#deadLetterQueue];
    const isQueue =
      (await this.#client.hexists(this.#keys.queues, routingKey)) === 1 ||
      (await this.#client.exists(...this.#keys.lists(routingKey))) > 0;
    return isQueue ? [routingKey] : [];
  }

  async #read(exchange: string): Promise<(routingKey: string) => readonly string[]> {
    const [members, declaration] = await Promise.all([
      this.#client.smembers(this.#keys.bindings(exchange)),
      this.#client.hget(this.#keys.exchanges, exchange),
    ]);
    const bindings = members.flatMap((member) => this.#keys.readBinding(member) ?? []);
    const type = declaration === null ? inferredType(bindings) : (JSON.parse(declaration) as ExchangeDeclaration).type;
    const matchers = bindings.map((binding) => ({ queue: binding.queue, matches: matcher(type, binding) }));
    return (routingKey) => [
      ...new Set(matchers.filter(({ matches }) => matches(routingKey)).map(({ queue }) => queue)),
    ];
  }
}

/** Of an exchange that no ctq program has declared: only bindings of topic exchanges have patterns. */
function inferredType(bindings: readonly Binding[]): ExchangeType {
  return bindings.some(({ pattern }) => pattern !== '') ? 'topic' : 'direct';
}

function matcher(type: ExchangeType, { routingKey: bindingKey, pattern }: Binding): (routingKey: string) => boolean {
  if (type === 'fanout') return () => true;
  if (type !== 'topic') return (routingKey) => routingKey === bindingKey;
  // Whoever bound it gave `*` a meaning: any characters up to Kombu 5.6, one word since 5.7. A text from the server is run only where it is one that
  // we would have made.
  const expected = pattern === topicRegex(bindingKey) ? new RegExp(pattern, 's') : topicPattern(bindingKey);
  return (routingKey) => expected.test(routingKey);
}
