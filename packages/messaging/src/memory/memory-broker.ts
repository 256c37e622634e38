import type { HeldMessage, PopRequest, PushEntry, QueueSize, Settlement } from '../store/queue-store.js';
import { LocalTopology } from '../virtual/local-topology.js';
import { type MemoryMessage, MemoryQueue } from './memory-queue.js';
import { Waiters } from './waiters.js';

/** What one connection holds, until when. */
interface Holder {
  readonly held: Map<string, MemoryMessage>;
  expiresAt: number;
}

/**
 * The state behind memory transports. Who is to share queues shares the object: `memoryTransport({ broker })`; there is no table of brokers
 * in the process.
 */
export class MemoryBroker {
  readonly topology: LocalTopology = new LocalTopology();
  /** When queues were used last, on the monotonic clock. */
  readonly usedAt: Map<string, number> = new Map<string, number>();
  readonly #queues = new Map<string, MemoryQueue>();
  readonly #holders = new Map<string, Holder>();
  readonly #waiters = new Waiters();
  #deliveries = 0;

  push(entries: readonly PushEntry[]): void {
    let name: string | undefined;
    let queue: MemoryQueue | undefined;
    for (const entry of entries) {
      if (queue === undefined || entry.queue !== name) {
        if (name !== undefined) this.#waiters.wake(name);
        name = entry.queue;
        queue = this.#queue(name);
      }
      queue.push(entry);
    }
    if (name !== undefined) this.#waiters.wake(name);
  }

  /** @param leasedUntil when what is taken goes back unless it is renewed. */
  pop(holder: string, { queues, limit, noAck }: PopRequest, now: number, leasedUntil: number): readonly HeldMessage[] {
    const sources = this.#sources(queues, now);
    const taken: MemoryMessage[] = [];
    if (sources.length === 0) return taken;
    const { held } = noAck ? { held: undefined } : this.#holder(holder, leasedUntil);
    while (taken.length < limit) {
      let occupied = 0;
      for (const source of sources) occupied |= source.occupied;
      if (occupied === 0) break;
      const mostUrgent = 31 - Math.clz32(occupied);
      for (const source of sources) {
        while (taken.length < limit) {
          const message = source.take(mostUrgent);
          if (message === undefined) break;
          message.tag = String(++this.#deliveries);
          taken.push(message);
          if (held === undefined) continue;
          held.set(message.tag, message);
          source.held += 1;
        }
      }
    }
    return taken;
  }

  settle(holder: string, settlements: readonly Settlement[]): readonly string[] {
    const held = this.#holders.get(holder)?.held;
    const lost: string[] = [];
    for (const settlement of settlements) {
      const message = held?.get(settlement.tag);
      if (held === undefined || message === undefined) {
        lost.push(settlement.tag);
        continue;
      }
      held.delete(settlement.tag);
      const { home } = message;
      home.held -= 1;
      if (settlement.kind === 'ack') continue;
      if (settlement.kind === 'release') home.return(message, settlement.position, settlement.charged);
      else home.park(message, settlement.dueAt);
      this.#waiters.wake(message.queue);
    }
    return lost;
  }

  wait(queues: readonly string[], signal: AbortSignal): Promise<void> {
    return this.#waiters.wait(queues, signal);
  }

  /** When the next parked message of these queues falls due. */
  nextDueAt(queues: readonly string[]): number | undefined {
    let next: number | undefined;
    for (const name of queues) {
      const dueAt = this.#queues.get(name)?.nextDueAt;
      if (dueAt !== undefined && (next === undefined || dueAt < next)) next = dueAt;
    }
    return next;
  }

  size(name: string): QueueSize {
    const queue = this.#queues.get(name);
    return { waiting: queue?.waiting ?? 0, parked: queue?.parked ?? 0, held: queue?.held ?? 0 };
  }

  purge(name: string): number {
    return this.#queues.get(name)?.clear() ?? 0;
  }

  drop(name: string): void {
    this.#queues.delete(name);
    for (const { held } of this.#holders.values()) {
      for (const [tag, message] of held) {
        if (message.queue === name) held.delete(tag);
      }
    }
  }

  renew(holder: string, leasedUntil: number): void {
    const found = this.#holders.get(holder);
    if (found !== undefined) found.expiresAt = leasedUntil;
  }

  lost(holder: string, tags: readonly string[]): readonly string[] {
    const held = this.#holders.get(holder)?.held;
    return tags.filter((tag) => held?.has(tag) !== true);
  }

  /** Returns what expired holders hold. */
  sweep(now: number): number {
    let count = 0;
    for (const [name, holder] of this.#holders) {
      if (holder.expiresAt <= now) count += this.forsake(name);
    }
    return count;
  }

  /** A holder is gone: what it held goes back to the front of its queues, in its old order, charged. */
  forsake(name: string): number {
    const held = this.#holders.get(name)?.held;
    this.#holders.delete(name);
    if (held === undefined) return 0;
    for (const message of [...held.values()].reverse()) {
      message.home.held -= 1;
      message.home.return(message, 'front', true);
      this.#waiters.wake(message.queue);
    }
    return held.size;
  }

  #sources(names: readonly string[], now: number): MemoryQueue[] {
    const sources: MemoryQueue[] = [];
    for (const name of names) {
      const queue = this.#queues.get(name);
      if (queue === undefined) continue;
      queue.returnDue(now);
      if (queue.waiting > 0) sources.push(queue);
    }
    return sources;
  }

  #queue(name: string): MemoryQueue {
    const queue = this.#queues.get(name) ?? new MemoryQueue();
    this.#queues.set(name, queue);
    return queue;
  }

  #holder(name: string, expiresAt: number): Holder {
    const holder = this.#holders.get(name) ?? { held: new Map<string, MemoryMessage>(), expiresAt };
    holder.expiresAt = expiresAt;
    this.#holders.set(name, holder);
    return holder;
  }
}
