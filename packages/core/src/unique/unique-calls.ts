import type { Clock } from '@ctq/runtime';
import type { AtomicStore } from '../coordination/atomic-store.js';
import { type FoundEntry, UniqueEntries, type UniqueEntry } from './unique-entries.js';
import type { Uniqueness } from './unique-rules.js';
import type { UniqueConflict, UniqueState } from './unique-options.js';
import type { UniqueTicket } from './unique-ticket.js';

/** How a call stands to its key, before it is sent. */
export type UniqueClaim =
  /** The key is its own. */
  | { readonly kind: 'held'; readonly ticket: UniqueTicket }
  /** Another call waits with the key, in whose place it comes once it was sent. */
  | { readonly kind: 'replacing'; readonly ticket: UniqueTicket; readonly found: FoundEntry }
  | { readonly kind: 'taken'; readonly id: string };

/** What a worker is to do with a unique call. */
export type UniqueBeginning =
  /** With the version of its entry, when it has one. */
  { readonly kind: 'run'; readonly version: number | undefined } | { readonly kind: 'replaced'; readonly by: string };

export interface BeginOptions {
  /** It was delivered before: it may have run already. */
  readonly redelivered: boolean;
  readonly signal?: AbortSignal;
}

/** How long a worker waits for the sender of a call that is to replace another one, to say whether it does. */
const decisionMs = 30_000;
const lookMs = 50;

/**
 * Unique calls: who has which key. An entry in the store is there as long as its key is taken; every step from one state to the next is a compare and set
 * on its version, so that of two programs that want the same step one takes it. Nothing here depends on two steps happening together: what is between them may
 * last, and whoever does the first may die.
 *
 * What is kept, in this order of importance: a call that was sent runs, unless another one that was sent took its place; of the calls with a key one runs at a
 * time, as long as its window lasts.
 */
export class UniqueCalls {
  readonly #entries: UniqueEntries;
  readonly #clock: Clock;

  constructor(options: { readonly store: () => Promise<AtomicStore>; readonly clock: Clock }) {
    this.#entries = new UniqueEntries(options);
    this.#clock = options.clock;
  }

  /** Before a call is sent. @param dueAt when it may run, in milliseconds since the epoch. */
  async claim(id: string, { key, windowMs, states, onConflict }: Uniqueness, dueAt: number): Promise<UniqueClaim> {
    const now = this.#clock.now();
    const until = Math.max(now, dueAt) + windowMs;
    for (;;) {
      const version = await this.#entries.put(key, 0, { id, state: 'waiting', until });
      if (version !== undefined) return { kind: 'held', ticket: { key, states, until, version } };
      const found = await this.#entries.find(key);
      if (found === undefined) continue;
      // The same call, sent again.
      if (found.entry.id === id) return { kind: 'held', ticket: { key, states, until, version: found.version } };
      if (onConflict !== 'replace' || found.entry.state !== 'waiting') return { kind: 'taken', id: found.entry.id };
      return { kind: 'replacing', ticket: { key, states, until, decidedBy: now + decisionMs }, found };
    }
  }

  /** Of a claim whose call was not sent after all. */
  async withdraw({ key, version }: UniqueTicket): Promise<void> {
    if (version !== undefined) await this.#entries.remove(key, version);
  }

  /**
   * After a call that is to replace another one was sent, and not before: who is replaced does not run any more. Resolves with how they met; with undefined when
   * the other one was gone by then.
   */
  async replace(id: string, ticket: UniqueTicket, first: FoundEntry): Promise<UniqueConflict | undefined> {
    const { key, until } = ticket;
    for (let found: FoundEntry | undefined = first; ; found = await this.#entries.find(key)) {
      if (found === undefined) {
        if (await this.#takeFree(id, ticket)) return undefined;
        continue;
      }
      const { entry, version } = found;
      // A worker has received it in the meantime.
      if (entry.id === id) return { outcome: 'replaced', id: first.entry.id };
      if (entry.state !== 'waiting') return { outcome: 'returned', id: entry.id };
      // The key was free for a while, in which it may have run; who came after that is not replaced by it.
      if (found !== first && (await this.#entries.isDecided(id))) return undefined;
      await this.#entries.noteReplaced(entry);
      const own: UniqueEntry = {
        id,
        state: 'waiting',
        until,
        replaced: { id: entry.id, until: Math.max(entry.until, until) },
      };
      if ((await this.#entries.put(key, version, own)) === undefined) continue;
      await this.#entries.noteReplaced(own);
      return { outcome: 'replaced', id: entry.id };
    }
  }

  /** The call that was to be replaced is gone: else others might have the key again and again while this one waits to hear whether it replaces them. */
  async #takeFree(id: string, { key, until }: UniqueTicket): Promise<boolean> {
    const version = await this.#entries.put(key, 0, { id, state: 'waiting', until });
    if (version === undefined) return false;
    // Its worker is done with it: nobody else would let go of the key.
    if (await this.#entries.isDecided(id)) await this.#entries.remove(key, version);
    return true;
  }

  /** Before a call is run. */
  async begin(id: string, ticket: UniqueTicket, options: BeginOptions): Promise<UniqueBeginning> {
    // The common case is one step: nobody has touched the entry since the call was sent.
    const { version } = ticket;
    const begun = version === undefined ? undefined : await this.#move(id, ticket, version, 'running');
    if (begun !== undefined) return { kind: 'run', ...begun };
    for (;;) {
      const found = await this.#entries.find(ticket.key);
      const beginning =
        found?.entry.id === id
          ? await this.#beginOwn(ticket, found)
          : await this.#beginOther(id, ticket, found, options);
      if (beginning !== undefined) return beginning;
    }
  }

  /**
   * After a call was run, or will not be run: its entry goes to the next state, or goes.
   * @param state undefined for an end that takes the key from nobody: revoked, rejected, ignored.
   * @param version what `begin` gave.
   */
  async end(
    id: string,
    ticket: UniqueTicket,
    state: UniqueState | undefined,
    version?: number,
  ): Promise<number | undefined> {
    for (let known = version; ; known = undefined) {
      if (known === undefined) {
        const found = await this.#entries.find(ticket.key);
        if (found?.entry.id !== id) return undefined;
        await this.#entries.noteReplaced(found.entry);
        known = found.version;
      }
      const moved = await this.#move(id, ticket, known, state);
      if (moved !== undefined) return moved.version;
    }
  }

  /** After the message of a call that was replaced is gone: nobody has to know any more that it was. */
  async forgetReplaced(id: string, { key }: UniqueTicket): Promise<void> {
    for (;;) {
      const found = await this.#entries.find(key);
      if (found?.entry.replaced?.id !== id) break;
      const { replaced: _, ...entry } = found.entry;
      // Else whoever takes the next step would note it again.
      if ((await this.#entries.put(key, found.version, entry)) !== undefined) break;
    }
    await this.#entries.forgetReplaced(id);
  }

  async #beginOwn(ticket: UniqueTicket, { entry, version }: FoundEntry): Promise<UniqueBeginning | undefined> {
    await this.#entries.noteReplaced(entry);
    const moved = await this.#move(entry.id, ticket, version, 'running');
    return moved === undefined ? undefined : { kind: 'run', ...moved };
  }

  /** The key is free, or somebody else's. */
  async #beginOther(
    id: string,
    ticket: UniqueTicket,
    found: FoundEntry | undefined,
    { redelivered, signal }: BeginOptions,
  ): Promise<UniqueBeginning | undefined> {
    const by = found?.entry.replaced?.id === id ? found.entry.id : await this.#entries.replacerOf(id);
    if (by !== undefined) return { kind: 'replaced', by };
    if (found === undefined) {
      // Its entry was lost or its time is over, or it comes back after its end.
      const moved = await this.#move(id, ticket, 0, 'running');
      if (moved === undefined) return undefined;
      // Before it is over: its sender may be about to take the key for it.
      await this.#noteDecided(id, ticket);
      return { kind: 'run', ...moved };
    }
    // It was accepted: it runs, beside whoever has the key since its own time was over.
    if (ticket.decidedBy === undefined) return { kind: 'run', version: undefined };
    if (redelivered || this.#clock.now() >= ticket.decidedBy) {
      await this.#noteDecided(id, ticket);
      return { kind: 'run', version: undefined };
    }
    // It came to replace a call that had begun by then; its sender is told so.
    if (found.entry.state !== 'waiting') {
      await this.#noteDecided(id, ticket);
      // Or that was over by then, too, and the key is its own.
      return (await this.#entries.find(ticket.key))?.entry.id === id
        ? undefined
        : { kind: 'replaced', by: found.entry.id };
    }
    await this.#clock.sleep(lookMs, signal);
    return undefined;
  }

  async #noteDecided(id: string, { decidedBy }: UniqueTicket): Promise<void> {
    if (decidedBy !== undefined) await this.#entries.noteDecided(id, decidedBy + decisionMs);
  }

  /** Undefined when the entry has another version by now; without a version when there is no entry any more. */
  async #move(
    id: string,
    { key, states, until }: UniqueTicket,
    version: number,
    state: UniqueState | undefined,
  ): Promise<{ readonly version: number | undefined } | undefined> {
    const isTaken = state !== undefined && states.includes(state) && until > this.#clock.now();
    if (!isTaken)
      return version === 0 || (await this.#entries.remove(key, version)) ? { version: undefined } : undefined;
    const next = await this.#entries.put(key, version, { id, state, until });
    return next === undefined ? undefined : { version: next };
  }
}
