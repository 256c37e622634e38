import type { Kernel } from '../app/kernel.js';
import type { ResultTuple } from '../result/result-record.js';
import type { SendRequest } from '../sending/task-sender.js';
import { sendCall } from '../unique/send-unique.js';
import { type UniqueConflict, wasSent } from '../unique/unique-options.js';
import { adopterOf } from './inheritance.js';

/**
 * Sends a call whose result is a child of the task that makes it. Known from the call on: a task may end before its call is confirmed. Resolves with how a unique
 * call met another one.
 */
export async function sendAsChild(kernel: Kernel, request: SendRequest): Promise<UniqueConflict | undefined> {
  const adopter = adopterOf(kernel, request.options);
  if (adopter === undefined) return sendCall(kernel, request);
  const child: ResultTuple = [[request.id, null], null];
  adopter.addChild(child);
  try {
    const conflict = await sendCall(kernel, request);
    if (!wasSent(conflict)) adopter.removeChild(child);
    return conflict;
  } catch (error) {
    adopter.removeChild(child);
    throw error;
  }
}
