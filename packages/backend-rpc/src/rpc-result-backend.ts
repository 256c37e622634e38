import {
  BackendConnectionError,
  type OnStored,
  type RecordToStore,
  type ResultBackend,
  type ResultBackendContext,
  type ResultBackendManifest,
  type ResultListener,
  type ResultNotifier,
  type ResultRecord,
} from '@ctq/core/backend';
import type { Message, Queue } from '@ctq/messaging';
import { KeptReplies } from './kept-replies.js';
import { decodeReply, encodeReply, replyQueue } from './reply.js';
import { ReplyListener } from './reply-listener.js';
import { type OutgoingReply, ReplySender } from './reply-sender.js';
import type { RpcBackendConfig } from './rpc-backend-options.js';

/** An opened backend. */
interface Open {
  readonly context: ResultBackendContext;
  readonly address: string;
  readonly queue: Queue;
  readonly isPersistent: boolean;
  readonly listener: ReplyListener;
  readonly sender: ReplySender;
}

/** Somebody who is told of what comes. */
interface Hearer {
  readonly onStored: OnStored;
  readonly watched: Set<string>;
}

/**
 * Outcomes as messages to the process that sent the call, which keeps them in its memory. A worker needs one side of it, a client the other; each side connects with its first use.
 */
export class RpcResultBackend implements ResultBackend {
  readonly spec = 1;
  readonly name = 'rpc';
  readonly url = 'rpc://';
  readonly supports: ResultBackendManifest = {
    durability: 'none',
    reach: 'network',
    expiry: 'native',
    readers: 'sender',
  };
  readonly notifier: ResultNotifier;
  readonly #config: RpcBackendConfig;
  readonly #kept: KeptReplies;
  readonly #hearers = new Set<Hearer>();
  #open: Open | undefined;
  #hasLost = false;
  #isClosed = false;

  constructor(config: RpcBackendConfig) {
    this.#config = config;
    this.#kept = new KeptReplies(config.maxKept, (taskId) => this.#onLost(taskId));
    this.notifier = { listen: (onStored) => Promise.resolve(this.#listen(onStored)) };
  }

  /** Nothing is connected: a client that wants no result and a worker that stores none have no need of it. */
  async open(context: ResultBackendContext, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { broker, logger, expiresMs } = context;
    if (broker === undefined) throw new TypeError('The RPC result backend needs the broker of an app.');
    const queue = replyQueue(broker.replyTo, expiresMs);
    this.#open = {
      context,
      address: broker.replyTo,
      queue,
      isPersistent: this.#config.persistent ?? broker.isPersistent,
      listener: new ReplyListener({ broker, queue, logger, onReply: (message) => this.#onReply(message) }),
      sender: new ReplySender(broker, this.#config.retryPolicy),
    };
    if (this.#isClosed) await this.close();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([this.#open?.listener.close(), this.#open?.sender.close()]);
  }

  expectResult(): Queue | undefined {
    const { listener, queue } = this.#opened();
    if (listener.isListening) return undefined;
    listener.listen();
    return queue;
  }

  async store(records: readonly RecordToStore[]): Promise<void> {
    const { context, sender, address, isPersistent } = this.#opened();
    const { codec, logger } = context;
    const replies: OutgoingReply[] = [];
    const own: Message[] = [];
    // Encoded before anything is sent.
    for (const record of records) {
      const { replyTo, taskId, status } = record;
      if (replyTo === undefined || replyTo === '') {
        logger.debug(
          { data: { id: taskId } },
          `Nobody is told that ${taskId} is ${status}: its message names no address`,
        );
        continue;
      }
      const message = encodeReply(codec, record, isPersistent);
      if (replyTo === address) own.push(message);
      else replies.push({ message, replyTo });
    }
    if (replies.length > 0) await sender.send(replies);
    // What this process has sent to itself need not travel.
    for (const message of own) this.#onReply(message);
  }

  async getMany(taskIds: readonly string[]): Promise<ReadonlyMap<string, ResultRecord>> {
    const { context, listener } = this.#opened();
    const now = context.clock.now();
    const found = new Map<string, ResultRecord>();
    for (const taskId of taskIds) {
      const kept = this.#kept.take(taskId, now);
      const record = kept === undefined ? undefined : decodeReply(context.codec, kept.message);
      if (record !== undefined) found.set(taskId, record);
    }
    const { failure } = listener;
    if (found.size < taskIds.length && failure !== undefined) {
      throw new BackendConnectionError(`Results cannot be received: ${failure.message}`, {
        cause: failure,
        recoverable: false,
      });
    }
    return found;
  }

  forget(taskIds: readonly string[]): Promise<void> {
    for (const taskId of taskIds) this.#kept.forget(taskId);
    return Promise.resolve();
  }

  #listen(onStored: OnStored): ResultListener {
    const hearer: Hearer = { onStored, watched: new Set() };
    this.#hearers.add(hearer);
    return {
      watch: async (taskIds) => {
        for (const taskId of taskIds) hearer.watched.add(taskId);
      },
      unwatch: async (taskIds) => {
        for (const taskId of taskIds) hearer.watched.delete(taskId);
      },
      close: async () => void this.#hearers.delete(hearer),
    };
  }

  #onReply({ body, ...labels }: Message): void {
    const { context } = this.#opened();
    const { codec, clock, logger, expiresMs = Number.POSITIVE_INFINITY } = context;
    // Of its own: it may be kept for a day, and what it came in is larger.
    const message = { ...labels, body: body.slice() };
    const record = decodeReply(codec, message, (error) =>
      logger.warn({ err: error }, 'A message on the queue of replies is no result; it is dropped'),
    );
    if (record === undefined) return;
    const { taskId, status } = record;
    const now = clock.now();
    // celery 5.6 backends/base.py, KeyValueStoreBackend._store_result: a SUCCESS stays. Here it is the reader who sees to it.
    if (this.#kept.peek(taskId, now)?.status === 'SUCCESS') return;
    const hearers = [...this.#hearers];
    const isAwaited = hearers.some(({ watched }) => watched.has(taskId));
    this.#kept.keep(taskId, { status, message, expiresAt: now + expiresMs }, isAwaited, now);
    for (const [index, { onStored }] of hearers.entries()) {
      // A value belongs to whoever is given it.
      const own = index === 0 ? record : decodeReply(codec, message);
      if (own !== undefined) onStored([taskId], new Map([[taskId, own]]));
    }
  }

  #onLost(taskId: string): void {
    if (this.#hasLost) return;
    this.#hasLost = true;
    this.#opened().context.logger.warn(
      { data: { id: taskId }, maxKept: this.#config.maxKept },
      `More than ${this.#config.maxKept} results are here that nobody has asked for; from now on the oldest is dropped for each new one (maxKept). Send calls whose result nobody reads with ignoreResult.`,
    );
  }

  #opened(): Open {
    if (this.#open === undefined) throw new TypeError('The RPC result backend is used before it was opened.');
    return this.#open;
  }
}
