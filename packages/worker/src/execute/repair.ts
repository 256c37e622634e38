import { backoffMs } from '@ctq/runtime';
import type { TaskRequest } from './task-request.js';
import type { Workplace } from './workplace.js';

/**
 * Waits between attempts: about half a minute in all, which is how long a broker or a store takes to come back from a restart. None is longer than three
 * seconds: the slot is taken meanwhile, and a worker has to work again within ten seconds of their return.
 */
const retry = { firstMs: 500, maxMs: 3_000 };
export const repairAttempts = 14;

/** @param what could not be done: "make its outcome known". */
export async function waitForRepair(
  request: TaskRequest,
  error: Error,
  attempt: number,
  what: string,
  { clock, logger }: Workplace,
): Promise<void> {
  const delayMs = backoffMs(attempt, { ...retry, jitter: 'equal' });
  logger.warn({ err: error, retryInMs: Math.round(delayMs) }, `Couldn't ${what}; trying again`);
  await clock.sleep(delayMs, request.abandoned).catch(() => undefined);
}
