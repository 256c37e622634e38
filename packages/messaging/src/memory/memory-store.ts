import { type Clock, systemClock } from '@ctq/runtime';
import { ChannelClosedError } from '../errors.js';
import type {
  HeldMessage,
  LeaseRole,
  PopRequest,
  PushEntry,
  QueueSize,
  QueueStore,
  QueueStoreContext,
  QueueStoreManifest,
  Settlement,
  TopologyRole,
} from '../store/queue-store.js';
import type { MemoryBroker } from './memory-broker.js';
import { memoryTopology } from './memory-topology.js';

export interface MemoryStoreOptions {
  readonly broker: MemoryBroker;
  readonly url: string;
  /** Duration of leases; without it messages go back when the store that holds them is closed. */
  readonly leaseMs?: number;
}

/** The reference implementation of `QueueStore`: one connection to a memory broker. */
export class MemoryStore implements QueueStore {
  readonly spec = 1;
  readonly name = 'memory';
  readonly supports: QueueStoreManifest = {
    priority: 'high-first',
    reach: 'process',
    durability: 'none',
    delay: true,
    leaseKeeper: false,
    wakeUp: 'push',
    fanout: 'queues',
  };
  readonly url: string;
  readonly topology: TopologyRole;
  readonly lease?: LeaseRole;
  readonly #broker: MemoryBroker;
  readonly #leaseMs: number;
  #clock: Clock = systemClock;
  #holder = '';
  #isOpen = false;

  constructor({ broker, url, leaseMs = Number.POSITIVE_INFINITY }: MemoryStoreOptions) {
    this.url = url;
    this.topology = memoryTopology(broker, () => this.#clock.monotonic());
    this.#broker = broker;
    this.#leaseMs = leaseMs;
    if (leaseMs !== Number.POSITIVE_INFINITY) this.lease = this.#leaseRole(leaseMs);
  }

  async open({ clock, holder }: QueueStoreContext): Promise<void> {
    this.#clock = clock;
    this.#holder = holder;
    this.#isOpen = true;
  }

  async close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    if (this.lease === undefined) this.#broker.forsake(this.#holder);
  }

  async push(entries: readonly PushEntry[]): Promise<void> {
    this.#requireOpen();
    this.#broker.push(entries);
  }

  async pop(request: PopRequest): Promise<readonly HeldMessage[]> {
    this.#requireOpen();
    return this.#broker.pop(this.#holder, request, this.#clock.now(), this.#leasedUntil());
  }

  async settle(settlements: readonly Settlement[]): Promise<readonly string[]> {
    this.#requireOpen();
    return this.#broker.settle(this.#holder, settlements);
  }

  async wait(queues: readonly string[], signal: AbortSignal): Promise<void> {
    this.#requireOpen();
    const dueAt = this.#broker.nextDueAt(queues);
    if (dueAt === undefined) return await this.#broker.wait(queues, signal);
    const due = new AbortController();
    const timer = this.#clock.setTimer(() => due.abort(), dueAt - this.#clock.now());
    await this.#broker.wait(queues, AbortSignal.any([signal, due.signal]));
    timer.cancel();
  }

  async size(queue: string): Promise<QueueSize> {
    this.#requireOpen();
    return this.#broker.size(queue);
  }

  async purge(queue: string): Promise<number> {
    this.#requireOpen();
    return this.#broker.purge(queue);
  }

  async dropQueue(queue: string): Promise<void> {
    this.#requireOpen();
    this.#broker.drop(queue);
  }

  /** Leases run on the monotonic clock: setting the host's clock must not end them. */
  #leasedUntil(): number {
    return this.#clock.monotonic() + this.#leaseMs;
  }

  #leaseRole(durationMs: number): LeaseRole {
    const broker = this.#broker;
    return {
      durationMs,
      renew: async () => broker.renew(this.#holder, this.#leasedUntil()),
      lost: async (tags) => broker.lost(this.#holder, tags),
      sweep: async () => broker.sweep(this.#clock.monotonic()),
    };
  }

  #requireOpen(): void {
    if (!this.#isOpen) throw new ChannelClosedError('The memory store is not open.');
  }
}
