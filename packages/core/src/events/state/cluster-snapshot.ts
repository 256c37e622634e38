import type { TaskSnapshot } from './task-fields.js';
import type { WorkerSnapshot } from './worker-record.js';

/** A cluster's state as JSON carries it: workers and tasks in Celery's words. */
export interface ClusterSnapshot {
  readonly version: 1;
  readonly eventCount: number;
  readonly taskCount: number;
  readonly taskTypes: readonly string[];
  readonly workers: readonly WorkerSnapshot[];
  readonly tasks: readonly TaskSnapshot[];
}

type Saved = Readonly<Record<string, unknown>>;

/** What could be read of one. */
export interface ReadSnapshot {
  readonly eventCount: number;
  readonly taskCount: number;
  readonly taskTypes: readonly string[];
  readonly workers: readonly { readonly hostname: string; readonly saved: Saved }[];
  readonly tasks: readonly { readonly uuid: string; readonly worker: string | undefined; readonly saved: Saved }[];
}

/** @throws TypeError for what is none of this version. */
export function readSnapshot(value: unknown): ReadSnapshot {
  if (!isRecord(value) || value['version'] !== 1)
    throw new TypeError(
      'This is no snapshot of the state of a cluster: one is what JSON.stringify makes of a ClusterState.',
    );
  return {
    eventCount: countOf(value['eventCount']),
    taskCount: countOf(value['taskCount']),
    taskTypes: listOf(value['taskTypes']).filter((name) => typeof name === 'string'),
    workers: listOf(value['workers']).flatMap((saved) =>
      isRecord(saved) && typeof saved['hostname'] === 'string' ? [{ hostname: saved['hostname'], saved }] : [],
    ),
    tasks: listOf(value['tasks']).flatMap((saved) =>
      isRecord(saved) && typeof saved['uuid'] === 'string'
        ? [{ uuid: saved['uuid'], worker: typeof saved['worker'] === 'string' ? saved['worker'] : undefined, saved }]
        : [],
    ),
  };
}

function isRecord(value: unknown): value is Saved {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function countOf(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0;
}
