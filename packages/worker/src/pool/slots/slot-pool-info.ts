import type { PoolInfo } from '../pool.js';

/** What is told of a slot. */
interface DescribedSlot {
  /** Of its process. */
  readonly pid: number | undefined;
  /** How many tasks it has run. */
  readonly runs: number;
  /** How many it has. */
  readonly load: number;
}

export interface DescribedSlotPool {
  readonly name: string;
  readonly slots: readonly DescribedSlot[];
  readonly fair: boolean;
  /** `Infinity` for no limit. */
  readonly maxTasks: number;
}

/** In Celery's names (celery 5.6 concurrency/thread.py and concurrency/prefork.py, _get_info; concurrency/asynpool.py, human_write_stats). */
export function slotPoolInfo({ name, slots, fair, maxTasks }: DescribedSlotPool): PoolInfo {
  if (name !== 'processes') return { threads: slots.length };
  return {
    processes: slots.flatMap(({ pid }) => (pid === undefined ? [] : [pid])),
    'max-tasks-per-child': Number.isFinite(maxTasks) ? maxTasks : 'N/A',
    'put-guarded-by-semaphore': false,
    writes: writesOf(slots, fair),
  };
}

function writesOf(slots: readonly DescribedSlot[], fair: boolean): PoolInfo {
  const runs = slots.map((slot) => slot.runs);
  const total = runs.reduce((sum, one) => sum + one, 0);
  const share = (part: number): string => (total === 0 ? 0 : part / total).toFixed(2);
  return {
    total,
    avg: share(total / Math.max(1, slots.length)),
    all: runs.map(share).join(', '),
    raw: runs.join(', '),
    strategy: fair ? 'fair' : 'fast',
    inqueues: { total: slots.length, active: slots.filter(({ load }) => load > 0).length },
  };
}
