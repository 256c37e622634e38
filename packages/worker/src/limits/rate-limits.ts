import { type RateLimit, runsPerSecond, type TaskDefinition } from '@ctq/core';
import type { TaskRequest } from '../execute/task-request.js';
import type { LimitHost } from './limit-host.js';
import { RateLine } from './rate-line.js';

/** Rate limits of one worker, one bucket for each task (celery 5.6 worker/consumer/consumer.py, `task_buckets`, and worker/strategy.py). */
export class RateLimits {
  readonly #host: LimitHost;
  readonly #isOff: boolean;
  readonly #lines = new Map<string, RateLine | undefined>();
  /** As they were changed at run time. */
  readonly #changed = new Map<string, RateLimit | null>();

  constructor(host: LimitHost) {
    this.#host = host;
    this.#isOff = host.workplace.kernel.settings.workerDisableRateLimits;
  }

  /** Lets it proceed now or when it is its turn. */
  admit(request: TaskRequest): void {
    const line = this.#isOff ? undefined : this.#lineOf(request.definition);
    if (line === undefined) this.#host.proceed(request);
    else line.add(request);
  }

  /** Fills all buckets anew; what waits keeps its order and stays. @param limit null for none. @throws TypeError for what is not a rate. */
  change(task: string, limit: RateLimit | null): void {
    runsPerSecond(limit, `Task ${task}`);
    this.#changed.set(task, limit);
    const waiting = this.clear();
    this.#lines.clear();
    for (const request of waiting) this.admit(request);
  }

  get waiting(): readonly TaskRequest[] {
    return [...this.#lines.values()].flatMap((line) => line?.waiting ?? []);
  }

  /** Everything that waits; of each task in its order. */
  clear(): readonly TaskRequest[] {
    return [...this.#lines.values()].flatMap((line) => line?.clear() ?? []);
  }

  /** What was lost with the connection takes no token any more. */
  forgetLost(): void {
    for (const request of this.clear()) {
      if (request.delivery.isHeld() !== false) this.admit(request);
    }
  }

  #lineOf(definition: TaskDefinition): RateLine | undefined {
    const { name } = definition;
    const known = this.#lines.get(name);
    if (known !== undefined || this.#lines.has(name)) return known;
    const perSecond = this.#rateOf(definition);
    const line = perSecond === undefined ? undefined : new RateLine(perSecond, this.#host);
    this.#lines.set(name, line);
    return line;
  }

  /** What limits a task on this worker, as somebody wrote it; undefined and null for nothing. */
  limitOf({ name, options }: TaskDefinition): RateLimit | string | null | undefined {
    if (this.#changed.has(name)) return this.#changed.get(name);
    const { taskDefaultRateLimit } = this.#host.workplace.kernel.settings;
    return options.rateLimit === undefined ? taskDefaultRateLimit : options.rateLimit;
  }

  #rateOf(definition: TaskDefinition): number | undefined {
    return runsPerSecond(this.limitOf(definition), `Task ${definition.name}, 'rateLimit'`);
  }
}
