import { runsPerSecond, type TaskDefinition } from '@ctq/core';
import type { TaskRequest } from '../execute/task-request.js';
import type { LimitHost } from './limit-host.js';
import { RateLine } from './rate-line.js';

/** Rate limits of one worker, one bucket for each task (celery 5.6 worker/consumer/consumer.py, `task_buckets`, and worker/strategy.py). */
export class RateLimits {
  readonly #host: LimitHost;
  readonly #isOff: boolean;
  readonly #lines = new Map<string, RateLine | undefined>();
  /** As they were changed at run time, in runs per second. */
  readonly #changed = new Map<string, number | undefined>();

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

  /** Fills all buckets anew; what waits keeps its order and stays. @param perSecond undefined for no limit. */
  change(task: string, perSecond: number | undefined): void {
    this.#changed.set(task, perSecond);
    const waiting = this.clear();
    this.#lines.clear();
    for (const request of waiting) this.admit(request);
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

  #rateOf({ name, options }: TaskDefinition): number | undefined {
    if (this.#changed.has(name)) return this.#changed.get(name);
    const { taskDefaultRateLimit } = this.#host.workplace.kernel.settings;
    const limit = options.rateLimit === undefined ? taskDefaultRateLimit : options.rateLimit;
    return runsPerSecond(limit, `Task ${name}, 'rateLimit'`);
  }
}
