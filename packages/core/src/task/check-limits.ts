import { durationMs } from '@ctq/runtime';
import { limitRules } from '../limits/limit-rules.js';
import { runsPerSecond } from '../limits/rate-limit.js';
import type { TaskOptions } from './task-options.js';

/** @throws TypeError, RangeError for limits that cannot be meant. */
export function checkLimits(name: string, options: TaskOptions): void {
  checkTimeLimits(name, options);
  runsPerSecond(options.rateLimit, `Task ${name}, 'rateLimit'`);
  limitRules(name, options.limit);
}

/** The soft limit is not above the hard one (celery 5.6 app/task.py, apply_async). */
function checkTimeLimits(name: string, options: TaskOptions): void {
  const { timeLimit, softTimeLimit } = options;
  if (timeLimit === undefined || softTimeLimit === undefined || durationMs(softTimeLimit) <= durationMs(timeLimit))
    return;
  throw new TypeError(
    `Task ${name}: its soft time limit (${softTimeLimit}) must not be longer than its time limit (${timeLimit}).`,
  );
}
