import { Batcher, Deadline, type Deferred, deferred, toError } from '@ctq/runtime';
import { ChannelClosedError, TransportConnectionError } from '../errors.js';
import { LeaseClock } from '../lease/lease-clock.js';
import { LeaseKeepers } from '../lease/keeper-thread.js';
import type { QueueStore, Settlement } from '../store/queue-store.js';
import type { Channel, CloseReason } from '../transport/channel.js';
import type { TransportManifest } from '../transport/manifest.js';
import type { LeaseKeeperRole, TransportConnection, TransportContext } from '../transport/transport.js';
import { FanoutListener } from './fanout-listener.js';
import { LocalTopology } from './local-topology.js';
import { Outbox } from './outbox.js';
import { QueueExpiry } from './queue-expiry.js';
import type { QueueOrder } from './queue-ring.js';
import { QueueUse } from './queue-use.js';
import { RoutingTable } from './routing-table.js';
import { VirtualChannel } from './virtual-channel.js';
import type { VirtualSession } from './virtual-session.js';
import { VirtualTopology } from './virtual-topology.js';

/** Closing gives back what is held and waits for what is on its way; a store that does not answer is left after this long. */
const closeWithinMs = 5_000;

export interface VirtualConnectionOptions {
  readonly store: QueueStore;
  readonly context: TransportContext;
  readonly supports: TransportManifest;
  readonly pollMs: number;
  readonly bindingsFreshMs: number;
  readonly queueOrder: QueueOrder;
  readonly deadLetterQueue?: string;
}

/** One opened store and the channels over it. */
export class VirtualConnection implements TransportConnection {
  readonly leaseKeeper?: LeaseKeeperRole;
  readonly #session: VirtualSession;
  readonly #keepers: LeaseKeepers | undefined;
  readonly #channels = new Set<VirtualChannel>();
  readonly #closed: Deferred<CloseReason> = deferred<CloseReason>();
  #closing: Promise<void> | undefined;
  #hasEnded = false;

  constructor(options: VirtualConnectionOptions) {
    this.#session = this.#compose(options);
    const { store, leases, clock, logger } = this.#session;
    if (leases !== undefined && store.lease?.renewer !== undefined) {
      const { durationMs, renewer } = store.lease;
      this.#keepers = new LeaseKeepers({ leases, durationMs, renewer, clock, logger });
      this.leaseKeeper = this.#keepers;
    }
    void store.closed?.then(({ error }) => {
      this.#fail(error ?? new TransportConnectionError(`The connection to ${store.url} ended.`, { recoverable: true }));
    });
  }

  get closed(): Promise<CloseReason> {
    return this.#closed.promise;
  }

  async openChannel(): Promise<Channel> {
    if (this.#hasEnded || this.#closing !== undefined) throw new ChannelClosedError('The connection is closed.');
    const channel = new VirtualChannel(this.#session, (ended) => this.#channels.delete(ended));
    this.#channels.add(channel);
    return channel;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #compose({
    store,
    context,
    supports,
    pollMs,
    bindingsFreshMs,
    queueOrder,
    deadLetterQueue,
  }: VirtualConnectionOptions): VirtualSession {
    const { clock, logger } = context;
    const fail = (error: unknown): void => this.#fail(error);
    const role = store.topology ?? new LocalTopology();
    const routing = new RoutingTable(role, clock, bindingsFreshMs, store.fanout !== undefined);
    const use = new QueueUse();
    const expiry = new QueueExpiry({ clock, logger, use, role: store.topology });
    const fanout = new FanoutListener(store, role, logger);
    const onQueueDeleted = (queue: string): void => {
      for (const channel of this.#channels) channel.onQueueDeleted(queue);
      fanout.deleted(queue);
    };
    const onSwept = (): void => {
      for (const channel of this.#channels) channel.nudge();
    };
    const leases =
      store.lease === undefined
        ? undefined
        : new LeaseClock({ lease: store.lease, clock, logger, onLost: fail, onSwept, alsoSweep: () => expiry.sweep() });
    return {
      store,
      clock,
      logger,
      pollMs,
      queueOrder,
      use,
      expiry,
      fanout,
      leases,
      fail,
      topology: new VirtualTopology({
        store,
        role,
        routing,
        use,
        fanout,
        exchangeTypes: supports.exchangeTypes,
        onQueueDeleted,
      }),
      outbox: new Outbox({
        store,
        routing,
        clock,
        logger,
        ...(deadLetterQueue === undefined ? {} : { deadLetterQueue }),
        onFailure: (error) => {
          if (TransportConnectionError.isInstance(error)) fail(error);
        },
      }),
      settlements: new Batcher((batch) => this.#settle(batch)),
    };
  }

  async #settle(batch: readonly Settlement[]): Promise<void> {
    const { store, logger } = this.#session;
    try {
      const lost = await store.settle(batch);
      if (lost.length === 0) return;
      logger.warn(
        { count: lost.length, tags: lost.slice(0, 10) },
        'Settled too late: these deliveries belong to someone else by now',
      );
    } catch (error) {
      this.#fail(error);
      throw error;
    }
  }

  async #close(): Promise<void> {
    if (this.#hasEnded) return;
    const { store, clock, leases, settlements, outbox } = this.#session;
    const deadline = Deadline.after(closeWithinMs, clock);
    const giveBack = async (): Promise<void> => {
      await Promise.all([...this.#channels].map((channel) => channel.close()));
      await Promise.all([outbox.drain(), settlements.drain()]);
      await this.#dropExclusive();
      await leases?.close();
    };
    await deadline.wait(giveBack().catch((error: unknown) => this.#fail(error)));
    this.#end({});
    await deadline.wait(Promise.all([this.#keepers?.stop(), store.close()]));
  }

  async #dropExclusive(): Promise<void> {
    const { use, topology } = this.#session;
    for (const queue of use.exclusive) await topology.deleteQueue(queue);
  }

  #fail(error: unknown): void {
    if (this.#hasEnded) return;
    this.#end({ error: toError(error) });
    // The store failed already; what its close has to say is not news.
    this.#session.store.close().catch(() => undefined);
  }

  #end(reason: CloseReason): void {
    this.#hasEnded = true;
    this.#session.expiry.stop();
    for (const channel of this.#channels) channel.lose(reason);
    this.#closed.resolve(reason);
    void this.#session.leases?.close();
    void this.#keepers?.stop();
  }
}
