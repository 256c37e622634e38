import type { ConnectionState } from '@ctq/messaging';
import { formatDuration } from '@ctq/runtime';

/**
 * Where a worker is in its life:
 * ```
 * created ─► starting ─► running ─► warm ─► stopped
 *                           └─► soft ─► cold ─┘    `warm` may become `soft` or `cold`
 * ```
 */
export type WorkerPhase = 'created' | 'starting' | 'running' | 'warm' | 'soft' | 'cold' | 'stopped';

/** What a worker does just now. */
export interface WorkerStatus {
  readonly hostname: string;
  readonly phase: WorkerPhase;
  /** Of the connection from which it consumes. */
  readonly connection: ConnectionState;
  /** Whether it is given messages. */
  readonly isConsuming: boolean;
  readonly pool: string;
  readonly concurrency: number;
  readonly queues: readonly string[];
  readonly running: readonly RunningTaskStatus[];
  /** Tasks that wait here for a slot. */
  readonly waiting: number;
  /** Tasks that wait here until they are due. */
  readonly held: number;
}

/** A task that has a slot, or whose outcome is being stored. */
export interface RunningTaskStatus {
  readonly id: string;
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly redelivered: boolean;
}

/** For people: what `SIGUSR1` prints. */
export function statusText(status: WorkerStatus, now: number): string {
  const { hostname, phase, pool, concurrency, connection, isConsuming, queues, running, waiting, held } = status;
  const lines = [
    `${hostname}: ${phase}, ${concurrency} slots in ${pool}`,
    `broker: ${connection}, ${isConsuming ? 'consuming' : 'not consuming'} from ${queues.join(', ')}`,
    `${running.length} running, ${waiting} waiting for a slot, ${held} waiting until they are due`,
    ...running.map(
      ({ id, name, startedAt, redelivered }) =>
        `  ${name}[${id}] for ${formatDuration(Math.max(0, now - startedAt))}, since ${new Date(startedAt).toISOString()}${redelivered ? ', redelivered' : ''}`,
    ),
  ];
  return lines.join('\n');
}
