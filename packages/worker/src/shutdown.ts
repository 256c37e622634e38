import { CtqError, type Deadline } from '@ctq/runtime';

/** The reason with which a cold shutdown aborts `ctx.signal`. A task that fails for it has not failed: its message goes back to its queue. */
export class WorkerShutdownError extends CtqError {
  static override readonly family: string = 'WorkerShutdownError';

  constructor() {
    super(
      'CTQ_WORKER_SHUTDOWN',
      'The worker was shut down before the task was done; its message goes back to its queue.',
    );
  }
}

/** The reason with which tasks are cancelled whose broker was lost, where `workerCancelLongRunningTasksOnConnectionLoss` says so. */
export class ConnectionLostError extends CtqError {
  static override readonly family: string = 'ConnectionLostError';

  constructor(task: string) {
    super(
      'CTQ_CONNECTION_LOST',
      `Task ${task} was cancelled: the connection to the broker was lost, and its message is delivered again.`,
    );
  }
}

/** What a cold shutdown leaves the tasks to notice their signal, and the worker to give messages back. */
export const coldShutdownMs = 3_000;

/** The part of a stop that may be spent on waiting for tasks; the rest is for giving back those that are not done by then. */
export function patienceOf(deadline: Deadline): Deadline {
  const { remainingMs } = deadline;
  if (remainingMs === Number.POSITIVE_INFINITY) return deadline;
  return deadline.within(remainingMs - Math.min(1_000, remainingMs / 4));
}
