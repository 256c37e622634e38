import type { Kernel } from '../app/kernel.js';
import { intercepted } from '../interceptor/interceptor.js';
import type { Outcome } from './outcome.js';
import type { Execution } from './execution.js';
import { runTask } from './run-task.js';

/** Runs a task inside the app's interceptors. */
export function executeIntercepted(
  kernel: Pick<Kernel, 'interceptors'>,
  execution: Execution,
): Outcome | Promise<Outcome> {
  if (kernel.interceptors.length === 0) return runTask(execution);
  return intercepted<Execution, Outcome>(
    kernel.interceptors,
    (interceptor) => interceptor.execute?.bind(interceptor),
    async (inner) => runTask(inner),
  )(execution);
}
