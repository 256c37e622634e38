import type { Clock, Timer } from '@ctq/runtime';

/** For how long replies are waited for. */
export interface ReplyWait {
  /** The request is on its way: time counts from here. */
  begin(): void;
  /** A node has answered. */
  heard(node: string): void;
  /** Idempotent. */
  cancel(): void;
}

/**
 * Of a number: it is over when nothing has come for so many milliseconds (kombu 5.6 pidbox.py, Mailbox._collect). By node: when each has answered, or its own time has
 * passed.
 */
export type ReplyTimeout = number | ReadonlyMap<string, number>;

/** @param onOver called at most once, never before `begin` */
export function replyWait(clock: Clock, timeoutMs: ReplyTimeout, onOver: () => void): ReplyWait {
  return typeof timeoutMs === 'number'
    ? new IdleWait(clock, timeoutMs, onOver)
    : new NodesWait(clock, timeoutMs, onOver);
}

/** The longest that somebody waits for the first reply. */
export function longestMs(timeoutMs: ReplyTimeout): number {
  return typeof timeoutMs === 'number' ? timeoutMs : Math.max(0, ...timeoutMs.values());
}

class IdleWait implements ReplyWait {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #onOver: () => void;
  #timer: Timer | undefined;

  constructor(clock: Clock, timeoutMs: number, onOver: () => void) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#onOver = onOver;
  }

  begin(): void {
    this.#timer = this.#clock.setTimer(this.#onOver, this.#timeoutMs);
  }

  /** What comes before the sender knows that its request is on its way does not begin the waiting. */
  heard(): void {
    if (this.#timer === undefined) return;
    this.#timer.cancel();
    this.begin();
  }

  cancel(): void {
    this.#timer?.cancel();
  }
}

class NodesWait implements ReplyWait {
  readonly #clock: Clock;
  readonly #timeoutsMs: ReadonlyMap<string, number>;
  readonly #onOver: () => void;
  readonly #awaited: Set<string>;
  #timers: ReadonlyMap<string, Timer> | undefined;

  constructor(clock: Clock, timeoutsMs: ReadonlyMap<string, number>, onOver: () => void) {
    this.#clock = clock;
    this.#timeoutsMs = timeoutsMs;
    this.#onOver = onOver;
    this.#awaited = new Set(timeoutsMs.keys());
  }

  begin(): void {
    const timers = [...this.#awaited].map((node) => {
      const timer = this.#clock.setTimer(() => this.#settle(node), this.#timeoutsMs.get(node) ?? 0);
      return [node, timer] as const;
    });
    this.#timers = new Map(timers);
    if (this.#awaited.size === 0) this.#onOver();
  }

  heard(node: string): void {
    this.#timers?.get(node)?.cancel();
    this.#settle(node);
  }

  cancel(): void {
    for (const timer of this.#timers?.values() ?? []) timer.cancel();
  }

  #settle(node: string): void {
    if (this.#awaited.delete(node) && this.#awaited.size === 0 && this.#timers !== undefined) this.#onOver();
  }
}
