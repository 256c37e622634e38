import type { Clock } from '@ctq/runtime';
import type { AtomicStore } from '../coordination/atomic-store.js';
import { coordinationKey } from '../coordination/coordination-key.js';
import type { LimitRules } from './limit-rules.js';
import { freshState, knownUntil, type LimitAnswer, type LimitAsk, type LimitState, takeStep } from './limit-state.js';

export interface SharedLimitOptions {
  readonly name: string;
  readonly rules: LimitRules;
  readonly store: () => Promise<AtomicStore>;
  readonly clock: Clock;
}

/** What became of a question. */
export interface LimitTaken {
  /** One for each call. */
  readonly answers: readonly LimitAnswer[];
  /** Permits that are held now. */
  readonly held: number;
  /** Permits that nobody has. */
  readonly free: number;
}

/** How long a promise is remembered after its moment: whoever comes later than that waits at the end again. */
const rememberedMs = 60 * 60 * 1_000;

interface Known {
  readonly state: LimitState;
  /** 0: there is no entry. */
  readonly version: number;
}

/**
 * One limit as a worker sees it. Whatever is asked at a time is one compare and set on its entry, tried with what was seen last: as long as nobody else
 * touches the entry that is one round trip. Between two steps anybody may die: promises are then unused, permits free when their lease is over.
 */
export class SharedLimit {
  readonly #options: SharedLimitOptions;
  readonly #key: string;
  #known: Known | undefined = { state: freshState, version: 0 };

  constructor(options: SharedLimitOptions) {
    this.#options = options;
    this.#key = coordinationKey('limit', options.name);
  }

  /** One question at a time. */
  async ask(ask: LimitAsk): Promise<LimitTaken> {
    const { rules, clock } = this.#options;
    const store = await this.#options.store();
    for (;;) {
      const isFresh = this.#known === undefined;
      const known = this.#known ?? (await this.#read(store));
      const now = clock.now();
      const turns = known.state.line > now ? await this.#turns(store, ask.calls) : noTurns;
      const { state, answers, promised, held, free } = takeStep(known.state, rules, ask, turns, now);
      const isSame =
        promised.size === 0 && !answers.includes('start') && held === 0 && !(ask.holder in known.state.holders);
      if (isSame) {
        // Nothing to write; but what was seen last may be old.
        this.#known = isFresh ? known : undefined;
        if (isFresh || ask.calls.length + ask.spare === 0) return { answers, held, free };
        continue;
      }
      this.#known = await this.#write(store, known.version, state, now);
      if (this.#known === undefined) continue;
      if (promised.size > 0) await this.#note(store, promised, now);
      return { answers, held, free };
    }
  }

  async #read(store: AtomicStore): Promise<Known> {
    const found = await store.getVersioned(this.#key);
    return found === undefined
      ? { state: freshState, version: 0 }
      : { state: JSON.parse(new TextDecoder().decode(found.value)) as LimitState, version: found.version };
  }

  /** Resolves with undefined when somebody else was first. */
  async #write(store: AtomicStore, version: number, state: LimitState, now: number): Promise<Known | undefined> {
    const ttlMs = knownUntil(state) - now;
    if (ttlMs <= 0) {
      if (version !== 0 && !(await store.compareAndDelete(this.#key, version))) return undefined;
      return { state: freshState, version: 0 };
    }
    const value = new TextEncoder().encode(JSON.stringify(state));
    const next = await store.compareAndSet(this.#key, version, value, Math.ceil(ttlMs));
    return next === undefined ? undefined : { state, version: next };
  }

  async #turns(store: AtomicStore, calls: readonly string[]): Promise<ReadonlyMap<string, number>> {
    if (calls.length === 0) return noTurns;
    const found = await store.getMany(calls.map((id) => this.#turnKey(id)));
    const turns = new Map<string, number>();
    for (const id of calls) {
      const value = found.get(this.#turnKey(id));
      if (value !== undefined) turns.set(id, Number(new TextDecoder().decode(value)));
    }
    return turns;
  }

  async #note(store: AtomicStore, promised: ReadonlyMap<string, number>, now: number): Promise<void> {
    await store.setMany(
      [...promised].map(([id, at]) => ({
        key: this.#turnKey(id),
        value: new TextEncoder().encode(String(at)),
        ttlMs: Math.ceil(at - now + rememberedMs),
      })),
    );
  }

  #turnKey(id: string): string {
    return coordinationKey('turn', `${this.#options.name}.${id}`);
  }
}

const noTurns: ReadonlyMap<string, number> = new Map();
