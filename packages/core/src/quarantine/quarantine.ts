import type { Message } from '@ctq/messaging';
import type { QuarantineEvent, QuarantineReason } from './quarantine-note.js';

/** A message in quarantine. */
export interface QuarantinedMessage {
  /** Of the call. */
  readonly id: string;
  /** Name of the task, where the message says it in its headers. */
  readonly task: string | undefined;
  /** The queue that it was in, to which `redrive` returns it. */
  readonly queue: string;
  /** `crashed`; `unknown` for a message that somebody else has put there. */
  readonly reason: string;
  /** Milliseconds since the epoch. */
  readonly quarantinedAt: number | undefined;
  /** What happened to it, the oldest first. */
  readonly history: readonly QuarantineEvent[];
  /** As it lies there: its body is the original's, byte for byte. */
  readonly message: Message;
}

/** Which messages: those of these calls, or all of them. */
export type QuarantineChoice = 'all' | readonly string[];

/** The messages of a queue that are not run any more, because they took down whatever ran them. */
export interface Quarantine {
  /** The queue that they were in. */
  readonly queue: string;
  /** The queue in which they are. */
  readonly name: string;
  /** Those that are there, the oldest first. They are held while they are read, and go back to their places. @param options.limit Default 100. */
  list(options?: { readonly limit?: number }): Promise<readonly QuarantinedMessage[]>;
  /** Of one call; undefined when it is not there. */
  show(id: string): Promise<QuarantinedMessage | undefined>;
  /** Sends messages back to their queue, with their history. Resolves with the ids of those that were. */
  redrive(choice: QuarantineChoice): Promise<readonly string[]>;
  /** Deletes messages; there is no undo. Resolves with their number. */
  purge(choice: QuarantineChoice): Promise<number>;
}

/** What the worker's side adds. */
export interface QuarantineDesk extends Quarantine {
  /** Resolves when the broker has it. */
  put(message: Message, reason: QuarantineReason): Promise<void>;
}
