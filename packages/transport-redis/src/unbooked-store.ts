import { TransportConnectionError } from '@ctq/messaging';
import type {
  FanoutRole,
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
import type { CloseReason } from '@ctq/messaging/transport';
import { type Clock, Deadline, systemClock } from '@ctq/runtime';
import { chargedEnvelope, heldMessage, priorityOf } from './held-messages.js';
import { KeySpace } from './key-space.js';
import type { RedisConfig } from './redis-options.js';
import { RedisQueueStore } from './redis-store.js';
import { popUnbookedScript } from './scripts/pop-unbooked.js';
import { execute } from './transaction.js';

/** The most that one look takes: all of it is lost with the process. */
const largestPop = 1_000;

/** A server that does not answer is left after so long. */
const closeWithinMs = 500;

/** A message in the memory of this process alone. */
interface Held {
  readonly queue: string;
  readonly envelope: string;
}

/** How a message goes back to its queue. */
interface Returned extends Held {
  readonly isFront: boolean;
  readonly isCharged: boolean;
}

/** What connections of one transport could not give back when they were lost, for the next one to do. */
export class Strays {
  readonly #held: Held[] = [];

  add(held: Iterable<Held>): void {
    this.#held.push(...held);
  }

  take(): readonly Held[] {
    return this.#held.splice(0);
  }
}

/**
 * Kombu's `ack_emulation: False` (kombu 5.6 transport/redis.py): what is taken is booked nowhere. It goes back when its connection is closed, or with the
 * next one when it was lost; it is lost with its process. There is nothing to lease and nothing to park.
 */
export class UnbookedQueueStore implements QueueStore {
  readonly spec = 1;
  readonly name = 'redis';
  readonly supports: QueueStoreManifest;
  readonly url: string;
  readonly topology: TopologyRole;
  readonly fanout: FanoutRole;
  readonly closed: Promise<CloseReason>;
  readonly #store: RedisQueueStore;
  readonly #keys: KeySpace;
  readonly #strays: Strays;
  readonly #held = new Map<string, Held>();
  #holder = '';
  #clock: Clock = systemClock;
  #made = 0;
  #closing: Promise<void> | undefined;

  constructor(config: RedisConfig, strays: Strays = new Strays()) {
    this.#store = new RedisQueueStore(config);
    this.#keys = new KeySpace(config.keys);
    this.#strays = strays;
    this.supports = { ...this.#store.supports, delay: false, leaseKeeper: false };
    const { url, topology, fanout, closed } = this.#store;
    this.url = url;
    this.topology = topology;
    this.fanout = fanout;
    this.closed = closed;
  }

  async open(context: QueueStoreContext, signal: AbortSignal): Promise<void> {
    await this.#store.open(context, signal);
    this.#holder = context.holder;
    this.#clock = context.clock;
    const strays = this.#strays.take();
    if (strays.length === 0) return;
    try {
      await this.#giveBack(strays, true);
    } catch (error) {
      this.#strays.add(strays);
      throw error;
    }
    context.logger.warn({ count: strays.length }, 'Messages of a lost connection went back to their queues');
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  push(entries: readonly PushEntry[]): Promise<void> {
    return this.#store.push(entries);
  }

  async pop(request: PopRequest): Promise<readonly HeldMessage[]> {
    const { queues, limit, noAck } = request;
    if (noAck || limit <= 0 || queues.length === 0) return this.#store.pop(request);
    const lists = queues.map((queue) => this.#keys.lists(queue));
    const steps = lists[0] ?? [];
    const keys = steps.flatMap((_, step) => lists.map((list) => list[step] ?? ''));
    const reply = await this.#store.run((client) =>
      popUnbookedScript.run(client, keys, [Math.min(limit, largestPop), queues.length]),
    );
    const taken = reply as (string | number)[];
    const messages: HeldMessage[] = [];
    for (let at = 0; at < taken.length; at += 2) {
      const queue = queues[Number(taken[at])] ?? '';
      const envelope = String(taken[at + 1]);
      this.#made += 1;
      const tag = `${this.#holder}.${this.#made}`;
      this.#held.set(tag, { queue, envelope });
      messages.push(heldMessage(tag, queue, envelope));
    }
    return messages;
  }

  async settle(settlements: readonly Settlement[]): Promise<readonly string[]> {
    if (this.#closing !== undefined)
      throw new TransportConnectionError(`The connection to ${this.url} is closed.`, { recoverable: true });
    const lost: string[] = [];
    const returned: Returned[] = [];
    for (const settlement of settlements) {
      const { kind, tag } = settlement;
      const held = this.#held.get(tag);
      if (held === undefined) lost.push(tag);
      else if (kind === 'park')
        throw new TypeError('A message that is booked nowhere cannot be parked (supports.delay).');
      else if (kind === 'release')
        returned.push({ ...held, isFront: settlement.position === 'front', isCharged: settlement.charged });
    }
    await this.#return(returned);
    // Only now: what could not be given back is still held.
    for (const { tag } of settlements) this.#held.delete(tag);
    return lost;
  }

  wait(queues: readonly string[], signal: AbortSignal): Promise<void> {
    return this.#store.wait(queues, signal);
  }

  /** `held` is what this connection holds: nobody knows of the others'. */
  async size(queue: string): Promise<QueueSize> {
    const size = await this.#store.size(queue);
    return { ...size, held: size.held + this.#heldOf(queue).length };
  }

  purge(queue: string): Promise<number> {
    return this.#store.purge(queue);
  }

  async dropQueue(queue: string): Promise<void> {
    await this.#store.dropQueue(queue);
    for (const tag of this.#heldOf(queue)) this.#held.delete(tag);
  }

  #heldOf(queue: string): readonly string[] {
    return [...this.#held].filter(([, held]) => held.queue === queue).map(([tag]) => tag);
  }

  async #close(): Promise<void> {
    const held = [...this.#held.values()];
    this.#held.clear();
    if (held.length > 0 && !(await this.#isGivenBack(held))) this.#strays.add(held);
    await this.#store.close();
  }

  /** False when the connection is lost, or is as good as lost. */
  async #isGivenBack(held: readonly Held[]): Promise<boolean> {
    let isGivenBack = false;
    const givingBack = this.#giveBack(held, false).then(
      () => (isGivenBack = true),
      () => undefined,
    );
    await Deadline.after(closeWithinMs, this.#clock).wait(givingBack);
    return isGivenBack;
  }

  /** To the front of their queues, in the order in which they were taken. */
  #giveBack(held: readonly Held[], isCharged: boolean): Promise<void> {
    return this.#return([...held].reverse().map((one) => ({ ...one, isFront: true, isCharged })));
  }

  async #return(returned: readonly Returned[]): Promise<void> {
    if (returned.length === 0) return;
    await this.#store.run((client) => {
      const transaction = client.multi();
      for (const { queue, envelope, isFront, isCharged } of returned) {
        const list = this.#keys.listFor(queue, priorityOf(envelope));
        const text = isCharged ? chargedEnvelope(envelope) : envelope;
        if (isFront) transaction.rpush(list, text);
        else transaction.lpush(list, text);
      }
      return execute(transaction);
    });
    this.#store.noteOwnChange();
  }
}
