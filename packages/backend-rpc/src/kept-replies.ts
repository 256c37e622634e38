import type { TaskState } from '@ctq/core/backend';
import type { Message } from '@ctq/messaging';

/** The last word on a task, as it came: whoever reads it decodes values of their own. */
export interface KeptReply {
  readonly status: TaskState;
  readonly message: Message;
  readonly expiresAt: number;
}

/**
 * What a process has heard and may be asked for, for as long as results are kept, and no more than a number of them. Those that somebody was given leave first; nobody
 * misses them who does not ask a second time.
 */
export class KeptReplies {
  readonly #limit: number;
  readonly #onLost: (taskId: string) => void;
  /** In the order in which they came, which is that of their expiry. */
  readonly #unread = new Map<string, KeptReply>();
  readonly #read = new Map<string, KeptReply>();

  /** @param onLost told of a result that nobody was given. */
  constructor(limit: number, onLost: (taskId: string) => void) {
    this.#limit = limit;
    this.#onLost = onLost;
  }

  get size(): number {
    return this.#unread.size + this.#read.size;
  }

  peek(taskId: string, now: number): KeptReply | undefined {
    const kept = this.#unread.get(taskId) ?? this.#read.get(taskId);
    return kept !== undefined && kept.expiresAt > now ? kept : undefined;
  }

  /** Somebody is given it. */
  take(taskId: string, now: number): KeptReply | undefined {
    const kept = this.peek(taskId, now);
    if (kept !== undefined && this.#unread.delete(taskId)) this.#read.set(taskId, kept);
    return kept;
  }

  /** In place of what was known of the task. */
  keep(taskId: string, reply: KeptReply, isAwaited: boolean, now: number): void {
    this.forget(taskId);
    (isAwaited ? this.#read : this.#unread).set(taskId, reply);
    dropExpired(this.#read, now);
    dropExpired(this.#unread, now);
    if (this.size > this.#limit) this.#dropOldest();
  }

  forget(taskId: string): void {
    this.#unread.delete(taskId);
    this.#read.delete(taskId);
  }

  #dropOldest(): void {
    const [read] = this.#read.keys();
    if (read !== undefined) {
      this.#read.delete(read);
      return;
    }
    const [unread] = this.#unread.keys();
    if (unread === undefined) return;
    this.#unread.delete(unread);
    this.#onLost(unread);
  }
}

/** Those at the front, where the oldest are. */
function dropExpired(replies: Map<string, KeptReply>, now: number): void {
  for (const [taskId, { expiresAt }] of replies) {
    if (expiresAt > now) return;
    replies.delete(taskId);
  }
}
