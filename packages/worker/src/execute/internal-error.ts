import type { TaskRequest } from './task-request.js';
import type { Workplace } from './workplace.js';

/** Tells log and signal of something that is not the task's fault, and that the worker could not put right. Never rejects. */
export async function tellInternalError(
  request: TaskRequest,
  error: Error,
  consequence: string,
  { log, kernel }: Workplace,
): Promise<void> {
  log.internalError(request, error, consequence);
  await kernel.signals.taskInternalError.send(request.message.task, () => ({ ...request.event, error }));
}
