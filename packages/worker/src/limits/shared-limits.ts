import { randomUUID } from 'node:crypto';
import { limitName, type LimitRules, limitRules, SharedLimit, type TaskDefinition } from '@ctq/core';
import { ConfigurationError, type Deadline, type Timer, toError } from '@ctq/runtime';
import { EtaShelf } from '../consume/eta-shelf.js';
import type { TaskRequest } from '../execute/task-request.js';
import type { LimitHost } from './limit-host.js';
import { LimitLane } from './limit-lane.js';

/** What is due within this time is held and not parked. */
const soonMs = 1_000;
/** How often permits are looked for while somebody waits for one. */
const lookMs = 250;
/** How long a permit that nobody uses is kept: the next call with its key may be in the line. */
const lingerMs = 20;
/** The same where there are plenty: a key that is used all the time costs nothing then. */
const roomyLingerMs = 1_000;
const retryMs = 1_000;

export interface SharedLimitsOptions {
  readonly host: LimitHost;
  /** How long the permits of a worker that is not heard of stay taken. */
  readonly leaseMs: number;
}

/** A call that has begun. */
interface Admitted {
  readonly lane: LimitLane;
  readonly since: number;
}

/** Limits over all workers, kept in the app's store. Tasks without such limits do not come by. */
export class SharedLimits {
  readonly #options: SharedLimitsOptions;
  readonly #host: LimitHost;
  readonly #holder = randomUUID();
  readonly #rules = new Map<TaskDefinition, LimitRules | undefined>();
  readonly #lanes = new Map<string, LimitLane>();
  readonly #admitted = new Map<TaskRequest, Admitted>();
  readonly #shelf: EtaShelf;
  readonly #spare = new Set<LimitLane>();
  #spareTimer: Timer | undefined;
  #lookTimer: Timer | undefined;
  #renewedAt = 0;
  #toldAt = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  constructor(options: SharedLimitsOptions) {
    this.#options = options;
    this.#host = options.host;
    this.#shelf = new EtaShelf(options.host.workplace.clock);
  }

  /** @throws ConfigurationError where a task has such limits and the app no store. One that cannot be reached is waited for by calls. */
  async start(): Promise<void> {
    const { kernel } = this.#host.workplace;
    if (![...kernel.registry].some(({ options }) => options.limit !== undefined)) return;
    try {
      await kernel.store();
    } catch (error) {
      if (ConfigurationError.isInstance(error)) throw error;
    }
  }

  /** For a request with a slot: undefined when nothing limits it; else whether it may start, and if not it is seen to. */
  admit(request: TaskRequest): Promise<boolean> | undefined {
    if (request.definition.options.limit === undefined) return undefined;
    const lane = this.#laneOf(request);
    if (lane === undefined) return undefined;
    if (request.hasExpired || request.delivery.isHeld() === false) {
      lane.drop(request);
      return undefined;
    }
    return lane.admit(request).then((isAdmitted) => {
      if (isAdmitted) this.#admitted.set(request, { lane, since: this.#host.workplace.clock.monotonic() });
      this.#look();
      return isAdmitted;
    });
  }

  /** It waited for a slot, and is not here any more. */
  drop(request: TaskRequest): void {
    if (request.definition.options.limit !== undefined) this.#laneOf(request)?.drop(request);
  }

  /** It has run, or will not. */
  leave(request: TaskRequest): void {
    const admitted = this.#admitted.get(request);
    if (admitted === undefined) return;
    this.#admitted.delete(request);
    admitted.lane.leave(this.#host.workplace.clock.monotonic() - admitted.since);
  }

  /** What waits here, in no order. */
  get waiting(): readonly TaskRequest[] {
    return [
      ...[...this.#lanes.values()].flatMap((lane) => lane.waiting),
      ...this.#shelf.requests.map(({ request }) => request),
    ];
  }

  /** Everything that waits. Permits of what runs stay. */
  clear(): readonly TaskRequest[] {
    this.#isClosed = true;
    const waiting = [...this.#lanes.values()].flatMap((lane) => lane.clear());
    const later = this.#shelf.clear();
    for (const _ of later) this.#host.release();
    return [...waiting, ...later];
  }

  /** Gives all permits back; those that are not given back in time are free when their lease is over. */
  async close(deadline: Deadline): Promise<void> {
    this.#isClosed = true;
    this.#spareTimer?.cancel();
    this.#lookTimer?.cancel();
    this.#admitted.clear();
    await deadline.wait(Promise.all([...this.#lanes.values()].map((lane) => lane.close())));
  }

  /** What was lost with the connection waits no more. */
  forgetLost(): void {
    for (const lane of this.#lanes.values()) lane.forgetLost();
  }

  #laneOf(request: TaskRequest): LimitLane | undefined {
    const { definition } = request;
    if (!this.#rules.has(definition))
      this.#rules.set(definition, limitRules(definition.name, definition.options.limit));
    const rules = this.#rules.get(definition);
    if (rules === undefined) return undefined;
    const name = this.#nameOf(request);
    let lane = this.#lanes.get(name);
    if (lane === undefined) {
      lane = this.#createLane(name, rules);
      this.#lanes.set(name, lane);
    }
    return lane;
  }

  /** A key that cannot be made is the task's own. */
  #nameOf({ definition, message, name }: TaskRequest): string {
    try {
      return limitName(definition, message.args, message.kwargs);
    } catch (error) {
      this.#host.workplace.logger.error(
        { err: toError(error) },
        `The key of the limit of ${name}[${message.id}] cannot be made; it counts as one without a key`,
      );
      return definition.name;
    }
  }

  #createLane(name: string, rules: LimitRules): LimitLane {
    const { kernel, clock } = this.#host.workplace;
    return new LimitLane({
      limit: new SharedLimit({ name, rules, store: () => kernel.store(), clock }),
      rules,
      holder: this.#holder,
      leaseMs: this.#options.leaseMs,
      host: this.#host,
      exits: {
        later: (request, at) => this.#later(request, at),
        onError: (requests, error) => this.#onError(requests, error),
        onSpare: (lane) => this.#onSpare(lane),
      },
    });
  }

  #later(request: TaskRequest, at: number): void {
    if (this.#isClosed) return this.#host.giveBack(request);
    if (this.#host.parks() && at - this.#host.workplace.clock.now() > soonMs) return this.#host.park(request, at);
    this.#host.hold();
    this.#shelf.put(request, at, () => {
      this.#host.release();
      this.#host.proceed(request);
    });
  }

  #onError(requests: readonly TaskRequest[], error: Error): void {
    const { clock, logger } = this.#host.workplace;
    const now = clock.monotonic();
    if (now - this.#toldAt >= retryMs) {
      this.#toldAt = now;
      logger.error(
        { err: error, retryInMs: retryMs },
        requests.length === 0
          ? "Couldn't tell the store which limited tasks run; trying again"
          : "Couldn't ask the store for the limits of tasks; they wait",
      );
    }
    const at = clock.now() + retryMs;
    for (const request of requests) this.#later(request, at);
    this.#look();
  }

  #onSpare(lane: LimitLane): void {
    if (lane.isRoomy) return this.#look();
    this.#spare.add(lane);
    if (this.#isClosed) return;
    this.#spareTimer ??= this.#host.workplace.clock.setTimer(
      () => {
        this.#spareTimer = undefined;
        const lanes = [...this.#spare];
        this.#spare.clear();
        for (const one of lanes) one.renew();
      },
      lingerMs,
      { background: true },
    );
  }

  /** Looks as long as there is something to look for. */
  #look(): void {
    if (this.#isClosed || this.#lookTimer !== undefined || this.#lanes.size === 0) return;
    this.#lookTimer = this.#host.workplace.clock.setTimer(
      () => {
        this.#lookTimer = undefined;
        this.#visit();
        this.#look();
      },
      lookMs,
      { background: true },
    );
  }

  #visit(): void {
    const now = this.#host.workplace.clock.monotonic();
    const isRenewal = now - this.#renewedAt >= this.#options.leaseMs / 3;
    if (isRenewal) this.#renewedAt = now;
    for (const [name, lane] of this.#lanes) {
      const hasOld = lane.hasSpare && (!lane.isRoomy || now - lane.quietSince >= roomyLingerMs);
      if (lane.waits || hasOld || (isRenewal && lane.holds)) lane.renew();
      else if (lane.isEmpty) this.#lanes.delete(name);
    }
  }
}
