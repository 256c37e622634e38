import type { Kernel } from '../app/kernel.js';
import { builtinNames } from '../canvas/builtin-names.js';
import type { TaskDefinition } from '../task/task-definition.js';
import { builtin } from './builtin.js';

/**
 * `celery.backend_cleanup`: deletes the results that have expired, where the backend does not do so by itself; `celery beat` sends it every night (celery
 * 5.6 app/builtins.py, add_backend_cleanup_task).
 */
export function backendCleanupTask(kernel: Kernel): TaskDefinition {
  return builtin({
    name: builtinNames.backendCleanup,
    params: [],
    run: async () => {
      const backend = await kernel.results.backend();
      await backend.cleanup?.();
      return null;
    },
  });
}
