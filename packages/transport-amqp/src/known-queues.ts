import type { Route } from '@ctq/messaging';
import type { BindingDeclaration, QueueDeclaration } from '@ctq/messaging/transport';
import type { TopologyListener } from './topology.js';

/** What a connection has declared of its queues. */
export class KnownQueues implements TopologyListener {
  readonly #quorum = new Set<string>();
  readonly #keys = new Map<string, Set<string>>();
  /** By exchange and key. */
  readonly #bound = new Map<string, string>();

  onQueue({ name, arguments: given }: QueueDeclaration): void {
    if (given?.['x-queue-type'] === 'quorum') this.#quorum.add(name);
  }

  onBinding({ queue, exchange, routingKey }: BindingDeclaration): void {
    this.#bound.set(JSON.stringify([exchange, routingKey]), queue);
    const keys = this.#keys.get(queue) ?? new Set();
    this.#keys.set(queue, keys.add(routingKey));
  }

  /** Celery delays messages in the broker where there are quorum queues (celery 5.6 utils/quorum_queues.py, detect_quorum_queues). */
  isQuorum(queue: string): boolean {
    return this.#quorum.has(queue);
  }

  /** The quorum queue that is reached so. */
  quorumBehind({ exchange, routingKey }: Route): string | undefined {
    const queue = exchange === '' ? routingKey : this.#bound.get(JSON.stringify([exchange, routingKey]));
    return queue !== undefined && this.#quorum.has(queue) ? queue : undefined;
  }

  /** By which it is given messages: its name on the default exchange, and those of its bindings. */
  keysOf(queue: string): ReadonlySet<string> {
    return new Set([queue, ...(this.#keys.get(queue) ?? [])].filter((key) => key !== ''));
  }
}
