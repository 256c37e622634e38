import { type Execution, type Outcome, SoftTimeLimitExceeded, TimeLimitExceeded } from '@ctq/core';
import { deferred } from '@ctq/runtime';
import type { TimeLimits } from './pool.js';

/**
 * Runs a task under limits. At the soft one its signal is aborted; at the hard one the outcome is a timeout, whatever the task does. Without `end`, which
 * ends its code, that is at once, and what it comes to later is dropped.
 */
export async function runWithin<Ended extends Outcome | undefined>(
  { softMs, hardMs }: TimeLimits,
  execution: Execution,
  run: (execution: Execution) => Promise<Ended>,
  end?: () => Promise<void>,
): Promise<Ended | Outcome> {
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
          const timeout = (): void =>
            timedOut.resolve({ kind: 'failure', error, reason: 'timeout', runtimeMs: clock.monotonic() - startedAt });
          // Not before its code has really ended: the task may be run again then.
          if (end === undefined) timeout();
          else void end().then(timeout, timeout);
        }, hardMs);
  const finished = run(execution).then<Ended | Outcome>((outcome) => {
    if (!isLate) return outcome;
    if (end !== undefined) return timedOut.promise;
    logger.warn(`Task ${task} ended after its time limit; its outcome (${outcome?.kind ?? 'none'}) is dropped`);
    return outcome;
  });
  try {
    return await Promise.race([finished, timedOut.promise]);
  } finally {
    soft?.cancel();
    hard?.cancel();
  }
}
