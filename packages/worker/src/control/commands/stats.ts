import { durationMs } from '@ctq/runtime';
import { brokerInfo } from '../broker-info.js';
import type { CommandScope } from '../command-scope.js';
import { resourceUsage } from '../resource-usage.js';
import { inspectCommand, type WorkerCommand } from '../worker-command.js';

/** celery 5.6 worker/worker.py, WorkController.stats. */
export const stats: WorkerCommand = inspectCommand({
  name: 'stats',
  help: 'Request worker statistics/information.',
  run(scope) {
    const { kernel, workplace, consumer, autoscaler, madeAt } = scope;
    return {
      total: Object.fromEntries(workplace.totals.byName),
      pid: process.pid,
      clock: String(kernel.logicalClock.value),
      uptime: Math.round((kernel.clock.now() - madeAt) / 1_000),
      pool: poolInfo(scope),
      broker: brokerOf(scope),
      prefetch_count: consumer.prefetchCount,
      ...(autoscaler === undefined ? {} : { autoscaler: autoscaler.info }),
      rusage: resourceUsage(),
    };
  },
});

function poolInfo({ pool, kernel }: CommandScope): Readonly<Record<string, unknown>> {
  const { taskSoftTimeLimit, taskTimeLimit } = kernel.settings;
  const seconds = [taskSoftTimeLimit, taskTimeLimit].map((limit) =>
    limit === undefined ? 0 : durationMs(limit) / 1_000,
  );
  return {
    implementation: `@ctq/worker/pool:${pool.name}`,
    'max-concurrency': pool.size,
    ...(pool.name === 'processes' ? { timeouts: seconds } : {}),
    ...pool.info?.(),
  };
}

function brokerOf({ connection, kernel }: CommandScope): unknown {
  try {
    return brokerInfo(connection().transport, kernel.settings);
  } catch {
    // It does not consume any more.
    return 'N/A';
  }
}
