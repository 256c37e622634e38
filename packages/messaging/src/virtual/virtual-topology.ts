import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { NotSupportedError, TopologyMismatchError, TopologyNotFoundError } from '../errors.js';
import type { QueueStore, TopologyRole } from '../store/queue-store.js';
import type {
  BindingDeclaration,
  ExchangeDeclaration,
  QueueDeclaration,
  QueueInfo,
  Topology,
} from '../transport/channel.js';
import type { ExchangeType } from '../transport/manifest.js';
import type { FanoutListener } from './fanout-listener.js';
import type { QueueUse } from './queue-use.js';
import type { RoutingTable } from './routing-table.js';

export interface VirtualTopologyOptions {
  readonly store: QueueStore;
  readonly role: TopologyRole;
  readonly routing: RoutingTable;
  readonly use: QueueUse;
  readonly fanout: FanoutListener;
  readonly exchangeTypes: readonly ExchangeType[];
  /** Ends the subscriptions of a queue that was deleted. */
  readonly onQueueDeleted: (queue: string) => void;
}

/**
 * Exchanges, queues and bindings over a store. `autoDelete` of an exchange has no effect, as in Kombu's virtual transports; deleting an
 * exchange leaves the queues that were bound to it (AMQP's rule; Kombu 5.6 deletes those that are unused and empty).
 */
export class VirtualTopology implements Topology {
  readonly #options: VirtualTopologyOptions;
  readonly #role: TopologyRole;
  readonly #routing: RoutingTable;

  constructor(options: VirtualTopologyOptions) {
    this.#options = options;
    this.#role = options.role;
    this.#routing = options.routing;
  }

  async declareExchange({ passive = false, ...declared }: ExchangeDeclaration): Promise<void> {
    const { name, type } = declared;
    if (!this.#options.exchangeTypes.includes(type)) {
      throw new NotSupportedError(
        `${this.#options.store.name} has no ${type} exchanges; it has ${this.#options.exchangeTypes.join(', ')}.`,
      );
    }
    if (name === '') return;
    const existing = await this.#role.findExchange(name);
    if (existing === undefined) {
      if (passive) throw new TopologyNotFoundError(`There is no exchange '${name}'.`, { details: { exchange: name } });
      await this.#role.saveExchange(declared);
      this.#routing.forget({ exchange: name });
    } else if (!passive) refuseOther('exchange', existing, declared, ['type', 'durable', 'autoDelete']);
  }

  async deleteExchange(name: string, { ifUnused = false }: { readonly ifUnused?: boolean } = {}): Promise<void> {
    if (ifUnused && (await this.#role.bindings(name)).length > 0) {
      throw new TopologyMismatchError(`The exchange '${name}' is in use: queues are bound to it.`, {
        details: { exchange: name },
      });
    }
    await this.#role.deleteExchange(name);
    this.#routing.forget({ exchange: name });
  }

  async declareQueue({ passive = false, ...declared }: QueueDeclaration): Promise<QueueInfo> {
    const name = declared.name === '' ? `amq.gen-${randomUUID()}` : declared.name;
    const existing = await this.#role.findQueue(name);
    const { waiting, parked, held } = await this.#options.store.size(name);
    if (passive) {
      if (existing === undefined && waiting + parked + held === 0) {
        throw new TopologyNotFoundError(`There is no queue '${name}'.`, { details: { queue: name } });
      }
    } else await this.#saveQueue({ ...declared, name }, existing);
    return { name, messageCount: waiting + parked, consumerCount: this.#options.use.consumersOf(name) };
  }

  async deleteQueue(
    name: string,
    options: { readonly ifUnused?: boolean; readonly ifEmpty?: boolean } = {},
  ): Promise<number> {
    const { store, use, onQueueDeleted } = this.#options;
    if (options.ifUnused === true && use.consumersOf(name) > 0) throw inUse(name, 'it has consumers');
    const { waiting, parked } = await store.size(name);
    if (options.ifEmpty === true && waiting + parked > 0) throw inUse(name, 'it has messages');
    onQueueDeleted(name);
    await this.#role.deleteQueue(name);
    await store.dropQueue(name);
    use.deleted(name);
    this.#routing.forget({ queue: name });
    return waiting + parked;
  }

  async bindQueue(binding: BindingDeclaration): Promise<void> {
    if (binding.exchange === '') return;
    await this.#role.saveBinding(binding);
    this.#options.fanout.bound(binding);
    this.#routing.forget({ exchange: binding.exchange });
  }

  async unbindQueue(binding: BindingDeclaration): Promise<void> {
    await this.#role.deleteBinding(binding);
    this.#options.fanout.unbound(binding);
    this.#routing.forget({ exchange: binding.exchange });
  }

  purgeQueue(name: string): Promise<number> {
    return this.#options.store.purge(name);
  }

  async #saveQueue(declared: QueueDeclaration, existing: QueueDeclaration | undefined): Promise<void> {
    const { use } = this.#options;
    const { name } = declared;
    // An exclusive queue of another connection is what a process left behind that died: AMQP would have deleted it.
    const isLeftover = existing?.exclusive === true && !use.owns(name);
    if (existing === undefined || isLeftover) {
      await this.#role.saveQueue(declared);
      this.#routing.forget({ queue: name });
    } else {
      refuseOther('queue', existing, declared, ['durable', 'exclusive', 'autoDelete']);
      if (declared.arguments?.['x-expires'] !== undefined) await this.#role.touchQueues?.([name]);
    }
    use.declared(declared);
  }
}

function refuseOther<Declared extends ExchangeDeclaration | QueueDeclaration>(
  kind: 'exchange' | 'queue',
  existing: Declared,
  declared: Declared,
  properties: readonly (keyof Declared & string)[],
): void {
  const differing: string[] = properties.filter((property) => existing[property] !== declared[property]);
  if (!isDeepStrictEqual({ ...existing.arguments }, { ...declared.arguments })) differing.push('arguments');
  if (differing.length === 0) return;
  throw new TopologyMismatchError(
    `The ${kind} '${declared.name}' exists with other properties (${differing.join(', ')}). Declare it as it is, or delete it first.`,
    { details: { [kind]: declared.name, differing } },
  );
}

function inUse(queue: string, why: string): TopologyMismatchError {
  return new TopologyMismatchError(`The queue '${queue}' was not deleted: ${why}.`, { details: { queue } });
}
