import {
  type CommandedWorker,
  type Ctq,
  EventDispatcher,
  executeIntercepted,
  type Kernel,
  workerDirect,
} from '@ctq/core';
import type { Queue } from '@ctq/messaging';
import { durationMs, type Logger, type Service } from '@ctq/runtime';
import { clusterParts } from './cluster/cluster-parts.js';
import { ControlService } from './control/control-service.js';
import { MemorySamples } from './control/memory-samples.js';
import { Panel } from './control/panel.js';
import { LeaseKeeper } from './connect/lease-keeper.js';
import { WorkerConnection } from './connect/worker-connection.js';
import { prefetchLimits } from './consume/prefetch-limits.js';
import { TaskConsumer } from './consume/task-consumer.js';
import { EventService } from './events/event-service.js';
import { TaskEvents } from './events/task-events.js';
import { BlockWatch } from './execute/block-watch.js';
import { Workplace } from './execute/workplace.js';
import { examine, type HealthFacts } from './health/examine.js';
import { HealthServer } from './health/health-server.js';
import { nodeFormat } from './node-name.js';
import { Autoscaler } from './pool/autoscaler.js';
import { poolNamed } from './pool/create-pool.js';
import type { Pool } from './pool/pool.js';
import { TaskLog } from './report/task-log.js';
import { RevocationKeeper } from './revoke/revocation-keeper.js';
import { RevocationDesk } from './revoke/revocation-desk.js';
import type { WorkerOptions } from './worker-options.js';

export interface WorkerPlan {
  readonly app: Ctq;
  readonly options: WorkerOptions;
  /** Node name. */
  readonly name: string;
  readonly logger: Logger;
  /** For probes. */
  readonly facts: () => HealthFacts;
  /** For commands of the program. */
  readonly worker: CommandedWorker;
}

/** What a worker is made of. */
export interface WorkerParts {
  readonly queues: readonly Queue[];
  readonly pool: Pool;
  readonly connection: WorkerConnection;
  readonly consumer: TaskConsumer;
  readonly events: EventDispatcher;
  readonly workplace: Workplace;
  readonly revoking: RevocationDesk;
  readonly health: HealthServer | undefined;
  readonly autoscaler: Autoscaler | undefined;
  /** In the order in which they are started. */
  readonly services: readonly Service[];
}

/** Makes the parts of a worker, and joins them. */
export function workerParts({ app, options, name, logger, facts, worker }: WorkerPlan): WorkerParts {
  const { kernel } = app;
  const { settings, clock } = kernel;
  const { autoscale } = options;
  const queues = consumedQueues(kernel, options, name);
  const pool = createPool(app, options, logger, name);
  const connection = new WorkerConnection({ connect: () => app.connect(), logger });
  const keeper = new LeaseKeeper({
    connection: () => connection.current,
    isNeeded: pool.supports.onMainLoop,
    maxBlockedMs: durationMs(settings.workerMaxBlockedTime),
    exitProcess: options.exitWhenBlocked ?? false,
    logger,
  });
  const blockWatch = pool.supports.onMainLoop
    ? new BlockWatch({ clock, logger, running: () => consumer.unfinished })
    : undefined;
  const events = new EventDispatcher({
    ...{ kernel, hostname: name, logger },
    connect: () => app.connect('publish'),
    // All of them, or those of the worker alone.
    groups: (options.taskEvents ?? settings.workerSendTaskEvents) ? [] : ['worker'],
  });
  const workplace = new Workplace({
    kernel,
    pool,
    hostname: name,
    logger,
    log: new TaskLog(logger, options.logLevel),
    events: new TaskEvents(events),
    keeper: () => keeper.thread,
    blockWatch,
  });
  const consumer: TaskConsumer = new TaskConsumer({
    mostSlots: () => autoscaler?.range.max ?? 0,
    onReceived: () => autoscaler?.adjust(),
    connection: () => connection.current,
    queues,
    workplace,
    prefetch: prefetchLimits(app, options, pool),
    limitLeaseMs: durationMs(options.limitLease ?? '60s'),
  });
  const autoscaler =
    autoscale === undefined
      ? undefined
      : new Autoscaler({
          ...{ min: Math.max(1, autoscale.min), max: autoscale.max, clock, logger },
          size: () => pool.size,
          resize: (size) => resizePool(pool, consumer, size),
          load: () => consumer.load,
        });
  const revoking = new RevocationDesk({
    ...{ kernel, logger, revocations: workplace.revocations },
    onRevoked: (revoked) => consumer.onRevoked(revoked),
    requests: () => [...consumer.requests.active, ...consumer.requests.reserved],
  });
  const revocationKeeper = new RevocationKeeper({
    kernel,
    revocations: workplace.revocations,
    file: settings.workerStateDb === undefined ? undefined : nodeFormat(settings.workerStateDb, name),
    onRevoked: (revoked) => consumer.onRevoked(revoked),
  });
  const health =
    options.health === undefined
      ? undefined
      : new HealthServer({ ...options.health, logger, examine: (probe) => examine(probe, facts()) });
  const cluster = clusterParts({
    ...{ app, options, name, logger, dispatcher: events, revocations: workplace.revocations },
    connection: () => connection.current,
    active: () => consumer.unfinished.length,
    processed: () => workplace.totals.all,
  });
  const panel = new Panel({
    ...{ name, app, kernel, logger, pool, consumer, autoscaler, workplace, revoking, worker },
    ...{ madeAt: clock.now(), connection: () => connection.current, memory: new MemorySamples() },
    ...{ events, gossip: cluster.gossip, software: cluster.software },
    revocations: workplace.revocations,
  });
  const control = settings.workerEnableRemoteControl
    ? new ControlService({
        ...{ kernel, name, logger, connection: () => connection.current },
        run: (command, args) => panel.run(command, args),
        settled: () => revoking.settled(),
      })
    : undefined;
  const services = [
    ...[health, pool, connection, keeper, blockWatch, revocationKeeper],
    ...[new EventService(events), cluster.mingle, cluster.gossip, cluster.heart, control, consumer],
  ];
  return {
    ...{ queues, pool, connection, consumer, events, health, autoscaler, workplace, revoking },
    services: services.filter((service) => service !== undefined),
  };
}

/** Resolves when there are as many slots. @throws TypeError for a pool that cannot, RangeError for a size that it cannot have. */
export async function resizePool(pool: Pool, consumer: TaskConsumer, size: number): Promise<void> {
  if (pool.resize === undefined) throw new TypeError(`The pool ${pool.name} cannot be resized.`);
  await pool.resize(size);
  consumer.resized();
}

/** celery 5.6 worker/__init__.py, setup_queues. */
function consumedQueues({ queues, settings }: Kernel, options: WorkerOptions, name: string): readonly Queue[] {
  const chosen = options.queues?.map((one) => (typeof one === 'string' ? queues.named(one) : one)) ?? queues.known;
  const excluded = new Set(options.excludeQueues);
  const consumed = chosen.filter((one) => !excluded.has(one.name) && !excluded.has(one.alias ?? ''));
  return settings.workerDirect ? [...consumed, workerDirect(name)] : consumed;
}

function createPool(app: Ctq, options: WorkerOptions, logger: Logger, name: string): Pool {
  const { kernel } = app;
  const { settings, clock } = kernel;
  const chosen = options.pool ?? settings.workerPool;
  const factory = typeof chosen === 'string' ? poolNamed(chosen) : chosen;
  return factory({
    size: startSize(options) ?? settings.workerConcurrency ?? undefined,
    execute: (execution) => executeIntercepted(kernel, execution),
    clock,
    logger,
    locator: app.locator,
    handOver: () => app.handOver(),
    hostname: name,
    store: kernel.results,
    fair: options.fair ?? false,
    recycle: {
      maxTasks: limitOf(options.maxTasksPerChild ?? settings.workerMaxTasksPerChild),
      maxMemoryKiB: limitOf(options.maxMemoryPerChild ?? settings.workerMaxMemoryPerChild),
    },
    startTimeoutMs: durationMs(settings.workerProcAliveTimeout),
  });
}

function startSize({ autoscale, concurrency }: WorkerOptions): number | undefined {
  return autoscale === undefined ? concurrency : Math.max(1, autoscale.min);
}

/** None and 0 are no limit. */
function limitOf(value: number | null | undefined): number {
  return value === null || value === undefined || value === 0 ? Number.POSITIVE_INFINITY : value;
}
