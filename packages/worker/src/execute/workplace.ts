import type { Kernel, TaskDefinition } from '@ctq/core';
import type { ContentCodec } from '@ctq/messaging';
import type { LeaseKeeper } from '@ctq/messaging/transport';
import type { Clock, Logger } from '@ctq/runtime';
import { Successes } from '../deduplicate/successes.js';
import type { TaskEvents } from '../events/task-events.js';
import { TaskTotals } from '../events/task-totals.js';
import { CrashGuard } from '../poison/crash-guard.js';
import type { Pool } from '../pool/pool.js';
import { Revocations } from '../revoke/revocations.js';
import type { TaskLog } from '../report/task-log.js';
import { AbortWatch } from './abort-watch.js';
import type { BlockWatch } from './block-watch.js';
import { type GivenTimeLimits, timeLimitsOf, type TaskPolicy, taskPolicy } from './task-policy.js';

export interface WorkplaceOptions {
  readonly kernel: Kernel;
  readonly pool: Pool;
  /** Node name of the worker. */
  readonly hostname: string;
  readonly logger: Logger;
  readonly log: TaskLog;
  readonly events: TaskEvents;
  /** The keeper thread, once it runs. */
  readonly keeper: () => LeaseKeeper | undefined;
  /** Where tasks run on the main loop. */
  readonly blockWatch?: BlockWatch | undefined;
}

/** What everybody who handles a task of this worker needs. */
export class Workplace {
  readonly kernel: Kernel;
  /** Reads messages. */
  readonly content: ContentCodec;
  readonly pool: Pool;
  readonly hostname: string;
  readonly logger: Logger;
  readonly log: TaskLog;
  readonly events: TaskEvents;
  readonly totals: TaskTotals = new TaskTotals();
  readonly clock: Clock;
  /** Of times in messages that do not say. */
  readonly timeZone: string;
  readonly abortWatch: AbortWatch;
  readonly blockWatch: BlockWatch | undefined;
  readonly crashes: CrashGuard;
  readonly successes: Successes;
  readonly revocations: Revocations;
  readonly #keeper: () => LeaseKeeper | undefined;
  readonly #policies = new Map<TaskDefinition, TaskPolicy>();

  constructor({ kernel, pool, hostname, logger, log, events, keeper, blockWatch }: WorkplaceOptions) {
    this.kernel = kernel;
    // At once: a serializer that is accepted and not there is an error of the start. By a message it would be one that loses it.
    this.content = kernel.content;
    this.pool = pool;
    this.hostname = hostname;
    this.logger = logger;
    this.log = log;
    this.events = events;
    this.clock = kernel.clock;
    this.timeZone = kernel.settings.timezone;
    this.#keeper = keeper;
    this.blockWatch = blockWatch;
    this.abortWatch = new AbortWatch({ kernel, clock: kernel.clock, logger });
    this.crashes = new CrashGuard(this);
    this.revocations = new Revocations(kernel);
    this.successes = new Successes(kernel);
  }

  get keeper(): LeaseKeeper | undefined {
    return this.#keeper();
  }

  /** From now on, also for what waits; what is left out is as the settings say (celery 5.6 worker/control.py, time_limit). */
  changeTimeLimits(definition: TaskDefinition, limits: GivenTimeLimits): void {
    this.policyOf(definition).limits = timeLimitsOf(limits, this.kernel.settings);
  }

  policyOf(definition: TaskDefinition): TaskPolicy {
    let policy = this.#policies.get(definition);
    if (policy === undefined) {
      policy = taskPolicy(this.kernel, definition);
      this.#policies.set(definition, policy);
    }
    return policy;
  }
}
