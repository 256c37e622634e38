import { numbersOf, ReplyFields } from './reply-fields.js';

/** What a worker counts and is made of (celery 5.6 worker/worker.py, WorkController.stats). */
export interface WorkerStats {
  /** Tasks that it has accepted since it was started, by name. */
  readonly total: Readonly<Record<string, number>>;
  readonly pid: number | undefined;
  /** Its logical clock. */
  readonly clock: number | undefined;
  readonly uptimeMs: number | undefined;
  readonly pool: PoolStats;
  readonly broker: BrokerStats;
  /** How many messages it may hold; undefined where it is not connected. */
  readonly prefetchCount: number | undefined;
  /** Only with autoscaling. */
  readonly autoscaler: AutoscalerStats | undefined;
  /** What its process has used, as getrusage names it; undefined where it cannot be told. */
  readonly rusage: Readonly<Record<string, number>> | undefined;
}

export interface PoolStats {
  /** `module:Class` in Python. */
  readonly implementation: string | undefined;
  readonly maxConcurrency: number | undefined;
  /** Ids of processes. */
  readonly processes: readonly number[];
  /** Undefined for no limit. */
  readonly maxTasksPerChild: number | undefined;
  readonly isGuardedBySemaphore: boolean;
  /** Limits for all tasks; undefined where there is none. */
  readonly timeouts: { readonly softMs: number | undefined; readonly hardMs: number | undefined };
  /** Of thread pools. */
  readonly threads: number | undefined;
  /** Of pools of green threads. */
  readonly freeThreads: number | undefined;
  readonly runningThreads: number | undefined;
  /** How messages were written to processes. */
  readonly writes: Readonly<Record<string, unknown>>;
  /** All of it as it came. */
  readonly all: Readonly<Record<string, unknown>>;
}

export interface BrokerStats {
  readonly transport: string | undefined;
  readonly hostname: string | undefined;
  readonly port: number | undefined;
  readonly virtualHost: string | undefined;
  readonly userid: string | undefined;
  /** Everything as it came; there is no password in it. */
  readonly all: Readonly<Record<string, unknown>>;
}

export interface AutoscalerStats {
  readonly max: number | undefined;
  readonly min: number | undefined;
  readonly current: number | undefined;
  /** Tasks that it has in hand. */
  readonly qty: number | undefined;
}

/** @throws TypeError for what is no mapping. */
export function readWorkerStats(value: unknown): WorkerStats {
  const fields = new ReplyFields(value, 'The reply');
  const rusage = fields.all['rusage'];
  return {
    total: numbersOf(fields.record('total')),
    pid: fields.number('pid'),
    clock: numberIn(fields.all['clock']),
    uptimeMs: fields.ms('uptime'),
    pool: readPool(fields.fields('pool')),
    broker: readBroker(fields.fields('broker')),
    prefetchCount: fields.number('prefetch_count'),
    autoscaler: 'autoscaler' in fields.all ? readAutoscaler(fields.fields('autoscaler')) : undefined,
    rusage: typeof rusage === 'object' && rusage !== null ? numbersOf(fields.record('rusage')) : undefined,
  };
}

function readPool(fields: ReplyFields): PoolStats {
  const [softMs, hardMs] = fields.list('timeouts').map(limitMs);
  return {
    implementation: fields.text('implementation'),
    maxConcurrency: fields.number('max-concurrency'),
    processes: fields.list('processes').filter((pid) => typeof pid === 'number'),
    maxTasksPerChild: fields.number('max-tasks-per-child'),
    isGuardedBySemaphore: fields.isTrue('put-guarded-by-semaphore'),
    timeouts: { softMs, hardMs },
    threads: fields.number('threads'),
    freeThreads: fields.number('free-threads'),
    runningThreads: fields.number('running-threads'),
    writes: fields.record('writes'),
    all: fields.all,
  };
}

function readBroker(fields: ReplyFields): BrokerStats {
  return {
    transport: fields.text('transport'),
    hostname: fields.text('hostname'),
    port: fields.number('port'),
    virtualHost: fields.text('virtual_host'),
    userid: fields.text('userid'),
    all: fields.all,
  };
}

function readAutoscaler(fields: ReplyFields): AutoscalerStats {
  return {
    max: fields.number('max'),
    min: fields.number('min'),
    current: fields.number('current'),
    qty: fields.number('qty'),
  };
}

/** Of seconds, of which 0 is no limit. */
function limitMs(seconds: unknown): number | undefined {
  return typeof seconds === 'number' && seconds !== 0 ? seconds * 1_000 : undefined;
}

/** Python's clock is a text here. */
function numberIn(value: unknown): number | undefined {
  const found = typeof value === 'string' ? Number(value) : value;
  return typeof found === 'number' && Number.isFinite(found) ? found : undefined;
}
