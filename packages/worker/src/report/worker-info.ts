import type { Ctq } from '@ctq/core';
import type { Queue } from '@ctq/messaging';
import type { AutoscaleRange } from '../pool/autoscaler.js';
import type { Pool } from '../pool/pool.js';

/** What it is asked of. */
export interface DescribedWorker {
  readonly name: string;
  readonly pool: Pool;
  readonly queues: readonly Queue[];
  readonly autoscale: AutoscaleRange | undefined;
  readonly taskEvents: boolean;
}

/** What a worker is, for people. */
export interface WorkerInfo {
  readonly hostname: string;
  readonly app: string;
  /** With passwords masked. */
  readonly transport: string;
  readonly results: string;
  readonly concurrency: number;
  /** Between how many it changes; undefined where it does not. */
  readonly autoscale: AutoscaleRange | undefined;
  readonly pool: string;
  /** Whether it sends events of tasks. */
  readonly taskEvents: boolean;
  readonly queues: readonly {
    readonly name: string;
    readonly exchange: string;
    readonly exchangeType: string;
    readonly routingKey: string;
  }[];
  readonly tasks: readonly string[];
}

export async function workerInfo(app: Ctq, worker: DescribedWorker): Promise<WorkerInfo> {
  return {
    hostname: worker.name,
    app: app.name,
    transport: (await app.transports()).map(({ url }) => url).join(';'),
    results: await resultsUrl(app),
    concurrency: worker.pool.size,
    autoscale: worker.autoscale,
    pool: worker.pool.name,
    taskEvents: worker.taskEvents,
    queues: worker.queues.map(({ name, exchange, routingKey }) => ({
      name,
      exchange: exchange.name,
      exchangeType: exchange.type,
      routingKey,
    })),
    tasks: app.kernel.registry.names,
  };
}

/** A result store that is away does not keep a worker from starting, as in Celery. */
async function resultsUrl(app: Ctq): Promise<string> {
  try {
    return (await app.backend()).url;
  } catch {
    return 'not reachable';
  }
}
