import type { LimitRules } from './limit-rules.js';

/** What the store knows under one name. Times in milliseconds since the epoch. */
export interface LimitState {
  /** When the next call would start if all had been evenly spaced so far (GCRA's theoretical arrival time). */
  readonly next: number;
  /** The first moment that is not promised to a call that waits. */
  readonly line: number;
  /** Who has how many permits, and until when if it is not heard of. */
  readonly holders: Readonly<Record<string, Holding>>;
}

export type Holding = readonly [permits: number, until: number];

/** What a worker wants of a limit, and all that it has: asked twice it comes to the same. */
export interface LimitAsk {
  readonly holder: string;
  /** How many of its calls run. They keep their permits. */
  readonly running: number;
  /** Calls that could start now, in their order. */
  readonly calls: readonly string[];
  /** Permits to have beyond those, for calls that are not ready to start. */
  readonly spare: number;
  /** How long permits are its own if it is not heard of again. */
  readonly leaseMs: number;
}

/**
 * - `start`: with a token and a permit;
 * - `busy`: all permits are taken;
 * - a moment at which it is its turn: to ask again then.
 */
export type LimitAnswer = 'start' | 'busy' | { readonly at: number };

export interface LimitStep {
  readonly state: LimitState;
  /** One for each call. */
  readonly answers: readonly LimitAnswer[];
  /** Turns that were promised in this step. */
  readonly promised: ReadonlyMap<string, number>;
  /** Permits of the one who asked. */
  readonly held: number;
  /** Permits that nobody has. */
  readonly free: number;
}

export const freshState: LimitState = { next: 0, line: 0, holders: {} };

/**
 * One step of a limit. Starts are spaced by `next` alone, so that the rate holds whatever becomes of those that wait. Who is too early is promised a turn behind
 * the others that wait; with a promise it does not stand behind those who come later.
 */
export function takeStep(
  before: LimitState,
  rules: LimitRules,
  ask: LimitAsk,
  turns: ReadonlyMap<string, number>,
  now: number,
): LimitStep {
  const holders: Record<string, Holding> = {};
  let free = rules.concurrency - ask.running;
  for (const [name, holding] of Object.entries(before.holders)) {
    if (name === ask.holder || holding[1] <= now) continue;
    holders[name] = holding;
    free -= holding[0];
  }
  const clock = new TurnClock(before, rules, now);
  const answers = ask.calls.map((id): LimitAnswer => {
    if (free <= 0) return 'busy';
    const at = clock.turnOf(id, turns.get(id));
    if (at !== undefined) return { at };
    free -= 1;
    return 'start';
  });
  const starts = answers.filter((answer) => answer === 'start').length;
  const spare = Math.max(0, Math.min(ask.spare, free));
  const held = rules.concurrency === Number.POSITIVE_INFINITY ? 0 : ask.running + starts + spare;
  if (held > 0) holders[ask.holder] = [held, now + ask.leaseMs];
  return {
    state: { next: clock.next, line: clock.line, holders },
    answers,
    promised: clock.promised,
    held,
    free: free - spare,
  };
}

/** Until when somebody has to know it. */
export function knownUntil({ next, line, holders }: LimitState): number {
  return Math.max(next, line, ...Object.values(holders).map(([, until]) => until));
}

/** The rate's part of a step. */
class TurnClock {
  readonly promised: Map<string, number> = new Map();
  readonly #rules: LimitRules;
  readonly #now: number;
  /** Late ones of this step that are to come back one after the other. */
  #late = 0;
  next: number;
  line: number;

  constructor({ next, line }: LimitState, rules: LimitRules, now: number) {
    this.#rules = rules;
    this.#now = now;
    this.next = next;
    this.line = line;
  }

  /** Undefined for now, in which case it is taken. */
  turnOf(id: string, promise: number | undefined): number | undefined {
    const { intervalMs, toleranceMs } = this.#rules;
    if (intervalMs === undefined) return undefined;
    const allowed = this.next - toleranceMs;
    const at = Math.max(promise ?? this.line, allowed);
    if (at <= this.#now) {
      this.next = Math.max(this.next, this.#now) + intervalMs;
      return undefined;
    }
    if (promise !== undefined) return Math.max(promise, allowed + this.#late++ * intervalMs);
    this.promised.set(id, at);
    this.line = at + intervalMs;
    return at;
  }
}
