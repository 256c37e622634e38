import type { Kernel, TaskDefinition } from '@ctq/core';
import { type Duration, durationMs } from '@ctq/runtime';
import type { TimeLimits } from '../pool/pool.js';

/** How a worker treats a task: its own options over the settings, worked out once and not per message. */
export interface TaskPolicy {
  /** Acknowledge after it ran (at least once), not before (at most once). */
  readonly acksLate: boolean;
  readonly acksOnFailure: boolean;
  readonly acksOnTimeout: boolean;
  readonly rejectsOnWorkerLost: boolean;
  /** How often it may end its process, alone; undefined for as often as it likes. */
  readonly maxCrashes: number | undefined;
  readonly tracksStarted: boolean;
  /** Changed by `time_limit`, for requests that are here too. */
  limits: TimeLimits;
  /** Longest representation of the result in log lines. */
  readonly reprMaxSize: number;
}

/** Celery 5.6 app/task.py, resultrepr_maxsize. */
const defaultReprMaxSize = 1_024;

export function taskPolicy({ settings }: Pick<Kernel, 'settings'>, { options }: TaskDefinition): TaskPolicy {
  const acksOnBoth = options.acksOnFailureOrTimeout;
  return {
    acksLate: options.acksLate ?? settings.taskAcksLate,
    acksOnFailure:
      options.acksOnFailure ?? acksOnBoth ?? settings.taskAcksOnFailure ?? settings.taskAcksOnFailureOrTimeout,
    acksOnTimeout:
      options.acksOnTimeout ?? acksOnBoth ?? settings.taskAcksOnTimeout ?? settings.taskAcksOnFailureOrTimeout,
    rejectsOnWorkerLost: options.rejectOnWorkerLost ?? settings.taskRejectOnWorkerLost,
    maxCrashes: options.maxCrashes ?? settings.taskMaxCrashes,
    tracksStarted: options.trackStarted ?? settings.taskTrackStarted,
    limits: timeLimitsOf({ soft: options.softTimeLimit, hard: options.timeLimit }, settings),
    reprMaxSize: options.resultReprMaxSize ?? defaultReprMaxSize,
  };
}

/** Time limits as somebody gives them; none is what the settings say. */
export interface GivenTimeLimits {
  readonly soft?: Duration | undefined;
  readonly hard?: Duration | undefined;
}

export function timeLimitsOf({ soft, hard }: GivenTimeLimits, settings: Kernel['settings']): TimeLimits {
  return { softMs: limitMs(soft ?? settings.taskSoftTimeLimit), hardMs: limitMs(hard ?? settings.taskTimeLimit) };
}

/** The message's own limits first, each for itself (celery 5.6 worker/request.py, execute_using_pool). */
export function limitsOf(
  policy: TaskPolicy,
  message: { readonly timeLimit: number | null; readonly softTimeLimit: number | null },
): TimeLimits {
  if (message.timeLimit === null && message.softTimeLimit === null) return policy.limits;
  return {
    softMs: limitMs(message.softTimeLimit) ?? policy.limits.softMs,
    hardMs: limitMs(message.timeLimit) ?? policy.limits.hardMs,
  };
}

/** 0 is no limit, as in Celery. */
function limitMs(limit: Duration | number | null | undefined): number | undefined {
  const ms = limit === undefined || limit === null ? 0 : durationMs(limit);
  return ms > 0 ? ms : undefined;
}
