import { type Execution, type Outcome, SoftTimeLimitExceeded, TimeLimitExceeded } from '@ctq/core';
import { deferred } from '@ctq/runtime';
import type { TimeLimits } from './pool.js';

/**
 * Runs a task under limits that nobody can enforce against its will. At the soft limit its signal is aborted; at the hard one the outcome is
 * a timeout at once, whatever the task does, and what it comes to later is dropped.
 */
export async function runWithin(
  { softMs, hardMs }: TimeLimits,
  execution: Execution,
  run: (execution: Execution) => Promise<Outcome>,
): Promise<Outcome> {
  const { abort, clock, logger, message } = execution;
  const task = `${message.shadow ?? message.task}[${message.id}]`;
  const startedAt = clock.monotonic();
  const timedOut = deferred<Outcome>();
  let isLate = false;
  const soft =
    softMs === undefined
      ? undefined
      : clock.setTimer(() => {
          logger.warn(`Soft time limit (${softMs / 1_000}s) exceeded for ${task}`);
          abort.abort(new SoftTimeLimitExceeded());
        }, softMs);
  const hard =
    hardMs === undefined
      ? undefined
      : clock.setTimer(() => {
          isLate = true;
          logger.error(`Hard time limit (${hardMs / 1_000}s) exceeded for ${task}`);
          const error = new TimeLimitExceeded(hardMs / 1_000);
          abort.abort(error);
          timedOut.resolve({ kind: 'failure', error, reason: 'timeout', runtimeMs: clock.monotonic() - startedAt });
        }, hardMs);
  const finished = run(execution).then((outcome) => {
    if (isLate) logger.warn(`Task ${task} ended after its time limit; its outcome (${outcome.kind}) is dropped`);
    return outcome;
  });
  try {
    return await Promise.race([finished, timedOut.promise]);
  } finally {
    soft?.cancel();
    hard?.cancel();
  }
}
