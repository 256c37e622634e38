import { type Outcome, tellOutcome } from '@ctq/core';
import type { TaskRequest } from './task-request.js';
import type { Workplace } from './workplace.js';

/** Lets hooks and signals hear of an outcome: where the function ran, there they are. */
export function tell(request: TaskRequest, outcome: Outcome, { pool, kernel }: Workplace): Promise<void> | undefined {
  return pool.tell === undefined ? tellOutcome(kernel, request, outcome) : pool.tell(request, outcome);
}
