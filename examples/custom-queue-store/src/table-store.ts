import { virtualTransport } from '@ctq/messaging/store';
import type {
  HeldMessage,
  PopRequest,
  PushEntry,
  QueueSize,
  QueueStore,
  QueueStoreContext,
  QueueStoreManifest,
  Settlement,
  TopologyRole,
} from '@ctq/messaging/store';
import type { Transport } from '@ctq/messaging/transport';
import { type Row, Table } from './table.js';

/** One connection to the table. Everything is asynchronous because a database would be; nothing here waits but `wait`. */
export class TableStore implements QueueStore {
  readonly spec = 1;
  readonly name = 'table';
  readonly url = 'table://';
  /** Only what is true: the kit skips what is not offered here, and the worker finds another way (it holds messages that are not due). */
  readonly supports: QueueStoreManifest = {
    priority: 'high-first',
    reach: 'process',
    durability: 'none',
    delay: false,
    leaseKeeper: false,
    wakeUp: 'hint',
    fanout: 'queues',
  };
  readonly topology: TopologyRole;
  readonly #table: Table;
  #holder: string | undefined;

  constructor(table: Table) {
    this.#table = table;
    this.topology = table.topology;
  }

  async open({ holder }: QueueStoreContext): Promise<void> {
    this.#holder = holder;
  }

  /** Without leases, closing is what brings held messages back. */
  async close(): Promise<void> {
    if (this.#holder === undefined) return;
    for (const row of [...this.#table.heldBy(this.#holder)].reverse()) this.#table.giveBack(row, 'front', true);
    this.#holder = undefined;
  }

  async push(entries: readonly PushEntry[]): Promise<void> {
    this.#open();
    for (const entry of entries) this.#table.insert(entry);
  }

  async pop({ queues, limit, noAck }: PopRequest): Promise<readonly HeldMessage[]> {
    const holder = this.#open();
    const rows = this.#table.waiting(queues, limit);
    for (const row of rows) {
      this.#table.hold(row, holder);
      if (noAck) this.#table.delete(row);
    }
    return rows.map(heldMessage);
  }

  async settle(settlements: readonly Settlement[]): Promise<readonly string[]> {
    const holder = this.#open();
    return settlements.flatMap((settlement) => {
      const row = this.#table.held(holder, settlement.tag);
      if (row === undefined) return [settlement.tag];
      if (settlement.kind === 'ack') this.#table.delete(row);
      else if (settlement.kind === 'release') this.#table.giveBack(row, settlement.position, settlement.charged);
      return [];
    });
  }

  wait(queues: readonly string[], signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const finish = (): void => {
        stop();
        signal.removeEventListener('abort', finish);
        resolve();
      };
      const stop = this.#table.onArrival((queue) => {
        if (queues.includes(queue)) finish();
      });
      signal.addEventListener('abort', finish, { once: true });
    });
  }

  async size(queue: string): Promise<QueueSize> {
    const rows = this.#table.of(queue);
    const held = rows.filter(({ holder }) => holder !== undefined).length;
    return { waiting: rows.length - held, parked: 0, held };
  }

  async purge(queue: string): Promise<number> {
    const waiting = this.#table.of(queue).filter(({ holder }) => holder === undefined);
    for (const row of waiting) this.#table.delete(row);
    return waiting.length;
  }

  async dropQueue(queue: string): Promise<void> {
    for (const row of this.#table.of(queue)) this.#table.delete(row);
  }

  #open(): string {
    if (this.#holder === undefined) throw new Error('The table store is not open.');
    return this.#holder;
  }
}

function heldMessage({ entry, tag, deliveries }: Row): HeldMessage {
  const { queue, message, route, expiresAt } = entry;
  const held = { tag, queue, message, route, redelivered: deliveries > 0, deliveryCount: deliveries };
  return expiresAt === undefined ? held : { ...held, expiresAt };
}

/** The transport: exchanges, routing, prefetch, consumers and the loops come with it. */
export function tableTransport(table: Table = new Table()): Transport {
  return virtualTransport(() => new TableStore(table), { recovery: 'connection', bindingsFreshMs: 0 });
}
