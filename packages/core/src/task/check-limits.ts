import { durationMs } from '@ctq/runtime';
import type { TaskOptions } from './task-options.js';

/** @throws TypeError for a soft limit above the hard one (celery 5.6 app/task.py, apply_async). */
export function checkLimits(name: string, options: TaskOptions): void {
  const { timeLimit, softTimeLimit } = options;
  if (timeLimit === undefined || softTimeLimit === undefined || durationMs(softTimeLimit) <= durationMs(timeLimit))
    return;
  throw new TypeError(
    `Task ${name}: its soft time limit (${softTimeLimit}) must not be longer than its time limit (${timeLimit}).`,
  );
}
