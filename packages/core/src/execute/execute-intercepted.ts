import type { Kernel } from '../app/kernel.js';
import { intercepted } from '../interceptor/interceptor.js';
import type { Outcome } from './outcome.js';
import type { Execution } from './execution.js';
import { runTask } from './run-task.js';

/** Runs a task inside the app's interceptors, and tells its signals. */
export function executeIntercepted(
  { interceptors, signals }: Pick<Kernel, 'interceptors' | 'signals'>,
  execution: Execution,
): Outcome | Promise<Outcome> {
  if (interceptors.length === 0) return runTask(execution, signals);
  return intercepted<Execution, Outcome>(
    interceptors,
    (interceptor) => interceptor.execute?.bind(interceptor),
    async (inner) => runTask(inner, signals),
  )(execution);
}
