import { TransportConnectionError } from '@ctq/messaging';
import type {
  HeldMessage,
  PopRequest,
  PushEntry,
  QueueSize,
  QueueStore,
  QueueStoreContext,
  QueueStoreManifest,
  Settlement,
} from '@ctq/messaging/store';
import type { CloseReason } from '@ctq/messaging/transport';
import { deferred } from '@ctq/runtime';
import { databaseUrl, openDatabase } from '@ctq/sqlite';
import { arrival } from './arrivals.js';
import { messageSchema } from './message-schema.js';
import { MessageTable } from './message-table.js';
import type { OpenStore } from './open-store.js';
import { dropMessages, purgeMessages } from './queue-messages.js';
import { SqliteLease } from './sqlite-lease.js';
import type { SqliteConfig } from './sqlite-options.js';
import { SqliteTopology } from './sqlite-topology.js';
import { transportError } from './transport-errors.js';

const manifest: QueueStoreManifest = {
  priority: 'high-first',
  reach: 'host',
  // Of a power failure, which is more than a restart, the last moments survive with `synchronous: 'FULL'` only.
  durability: 'broker-restart',
  delay: true,
  leaseKeeper: true,
  wakeUp: 'hint',
  fanout: 'queues',
};

/**
 * Queues in one SQLite file. The file is the broker: every process opens it for itself, transactions order what they do, and a commit of
 * one wakes the others. Times are the host's, which all of them share.
 */
export class SqliteQueueStore implements QueueStore {
  readonly spec = 1;
  readonly name = 'sqlite';
  readonly supports: QueueStoreManifest = manifest;
  readonly url: string;
  readonly topology: SqliteTopology;
  readonly lease: SqliteLease;
  readonly closed: Promise<CloseReason>;
  readonly #config: SqliteConfig;
  readonly #end = deferred<CloseReason>();
  #open: OpenStore | undefined;
  #closing: Promise<void> | undefined;
  #grabs = 0;
  /** The last pop emptied its queues: the next one reads before it asks for the write lock. */
  #wasShort = true;

  constructor(config: SqliteConfig) {
    this.#config = config;
    this.url = databaseUrl(config.path);
    this.closed = this.#end.promise;
    this.topology = new SqliteTopology(() => this.#opened());
    this.lease = new SqliteLease(config.leaseMs, () => this.#opened());
  }

  async open(context: QueueStoreContext, signal: AbortSignal): Promise<void> {
    const { path, synchronous } = this.#config;
    const database = await openDatabase(
      { path, synchronous, schema: messageSchema, translate: transportError },
      signal,
    );
    this.#open = { database, messages: new MessageTable(database), context, holder: context.holder };
    void database.closed.then((reason) => this.#end.resolve(reason));
    // Closed while it was being opened.
    if (this.#closing !== undefined) await database.close();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async push(entries: readonly PushEntry[]): Promise<void> {
    const { database, messages } = this.#opened();
    if (entries.length === 0) return;
    await database.transaction(() => messages.push(entries));
    database.touch();
  }

  async pop(request: PopRequest): Promise<readonly HeldMessage[]> {
    const { database, messages, context, holder } = this.#opened();
    if (request.limit <= 0 || request.queues.length === 0) return [];
    if (this.#wasShort && !(await database.read(() => this.#hasWork(request.queues)))) return [];
    this.#grabs += 1;
    const grab = this.#grabs;
    try {
      const held = await database.transaction(() => {
        const now = context.clock.now();
        const taken = messages.take(request, holder, grab, now);
        if (taken.length > 0 && !request.noAck) this.lease.keep(now);
        return taken;
      });
      this.#wasShort = held.length < request.limit;
      return held;
    } catch (error) {
      this.lease.doubt();
      throw error;
    }
  }

  async settle(settlements: readonly Settlement[]): Promise<readonly string[]> {
    const { database, messages, holder } = this.#opened();
    if (settlements.length === 0) return [];
    const lost = await database.transaction(() => messages.settle(settlements, holder));
    if (settlements.some(({ kind }) => kind !== 'ack')) database.touch();
    return lost;
  }

  async wait(queues: readonly string[], signal: AbortSignal): Promise<void> {
    return arrival(this.#opened(), queues, signal);
  }

  async size(queue: string): Promise<QueueSize> {
    const { database, messages, context } = this.#opened();
    return database.read(() => messages.size(queue, context.clock.now()));
  }

  async purge(queue: string): Promise<number> {
    return purgeMessages(this.#opened(), queue);
  }

  async dropQueue(queue: string): Promise<void> {
    await dropMessages(this.#opened(), queue);
  }

  #hasWork(queues: readonly string[]): boolean {
    const { messages, context } = this.#opened();
    const { isWaiting, nextDueAt } = messages.glance(queues);
    return isWaiting || (nextDueAt !== undefined && nextDueAt <= context.clock.now());
  }

  #opened(): OpenStore {
    if (this.#open?.database.isOpen() && this.#closing === undefined) return this.#open;
    throw new TransportConnectionError(
      `The connection to ${this.url} is ${this.#open === undefined ? 'not open' : 'closed'}.`,
      {
        code: 'CTQ_SQLITE_CLOSED',
        recoverable: true,
      },
    );
  }

  async #close(): Promise<void> {
    const open = this.#open;
    if (open === undefined) {
      this.#end.resolve({});
      return;
    }
    // A row that stays behind is swept when it expires.
    await this.lease.end(open).catch(() => undefined);
    await open.database.close();
  }
}
