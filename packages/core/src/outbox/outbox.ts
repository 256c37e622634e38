import type { MessageWriter, OutgoingMessage } from '@ctq/messaging/transport';
import { toError } from '@ctq/runtime';
import { OutboxClosedError, OutboxFlushError, type UnsentCall } from '../errors/outbox-errors.js';
import { UniqueConflictError } from '../errors/unique-errors.js';
import type { UniqueConflict } from '../unique/unique-options.js';

/** What a transaction tells of its end. An adapter for a library has a few lines: `{ onCommit: (run) => transaction.afterCommit(run) }`. */
export interface TransactionScope {
  /** To be called when the transaction is committed, once. Its promise should be awaited: it rejects when something could not be sent. */
  onCommit(callback: () => Promise<void>): void;
  /** To be called when it was rolled back. */
  onRollback?(callback: () => void): void;
}

/** A call that waits to be sent. */
export interface HeldCall {
  readonly task: string;
  readonly id: string;
  /** Its message; undefined for what is only made when it is sent, because a key has to be taken first. */
  readonly outgoing: OutgoingMessage | undefined;
  /** Resolves with how it met another one with its key. */
  readonly send: () => Promise<UniqueConflict | undefined>;
}

/**
 * Calls that were made and are not sent yet. Ids and handles are there at once; the messages go with `flush`, after the transaction that belongs to them is
 * committed, or with `writeTo` in that transaction itself. What nobody sends is nowhere: an outbox that is dropped leaves nothing behind.
 */
export class Outbox {
  readonly #conflicts = new Map<string, UniqueConflict>();
  #held: HeldCall[] = [];
  #flushing: Promise<void> = Promise.resolve();
  #isClosed = false;

  /** Apps make them: `app.outbox()`. */
  constructor(scope?: TransactionScope) {
    if (scope === undefined) return;
    scope.onCommit(() => {
      this.#isClosed = true;
      return this.flush();
    });
    scope.onRollback?.(() => {
      this.#isClosed = true;
      this.discard();
    });
  }

  /** How many calls wait. */
  get size(): number {
    return this.#held.length;
  }

  /**
   * Sends what waits, in the order of the calls. Resolves when the broker has all of it.
   * @throws OutboxFlushError, which says what was not sent; that stays here, for the next flush.
   */
  flush(): Promise<void> {
    const flushing = this.#flushing.then(() => this.#sendAll());
    // The next one begins after this one, however it ends.
    this.#flushing = flushing.catch(() => undefined);
    return flushing;
  }

  /** Forgets what waits: the transaction was rolled back. */
  discard(): void {
    this.#held = [];
  }

  /**
   * Writes what waits into the program's own transaction, in place of sending it; for brokers that live in its database.
   * @throws TypeError when a call is unique: its key is taken when it is sent. What the writer throws; everything stays here then.
   */
  writeTo(writer: MessageWriter<void>): void;
  writeTo(writer: MessageWriter<Promise<void>>): Promise<void>;
  writeTo(writer: MessageWriter): void | Promise<void> {
    const held = this.#held;
    const messages = held.map(({ outgoing, task, id }) => {
      if (outgoing !== undefined) return outgoing;
      throw new TypeError(`${task}[${id}] is unique, and takes its key when it is sent: flush the outbox instead.`);
    });
    if (messages.length === 0) return;
    this.#held = [];
    const putBack = (error: unknown): never => {
      this.#held = [...held, ...this.#held];
      throw error;
    };
    try {
      const written = writer.write(messages);
      return written instanceof Promise ? written.catch(putBack) : written;
    } catch (error) {
      return putBack(error);
    }
  }

  /** For whoever sends: keeps a call back. */
  hold(call: HeldCall): void {
    if (this.#isClosed) throw new OutboxClosedError(call.task, call.id);
    this.#held.push(call);
  }

  /** How a unique call met another one; undefined until it was sent. */
  conflictOf(id: string): UniqueConflict | undefined {
    return this.#conflicts.get(id);
  }

  async #sendAll(): Promise<void> {
    const calls = this.#held;
    this.#held = [];
    // In one turn of the event loop, so that they travel together and in their order.
    const outcomes = await Promise.allSettled(calls.map((call) => call.send()));
    const unsent: HeldCall[] = [];
    const failures: UnsentCall[] = [];
    for (const [index, outcome] of outcomes.entries()) {
      const call = calls[index] as HeldCall;
      if (outcome.status === 'rejected') {
        failures.push({ task: call.task, id: call.id, error: toError(outcome.reason) });
        // That will be no other the next time.
        if (!UniqueConflictError.isInstance(outcome.reason)) unsent.push(call);
      } else if (outcome.value !== undefined) this.#conflicts.set(call.id, outcome.value);
    }
    this.#held = [...unsent, ...this.#held];
    if (failures.length > 0) throw new OutboxFlushError(calls.length - failures.length, failures);
  }
}
