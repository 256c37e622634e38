import type { Kernel } from '@ctq/core';
import { taskPolicy } from '../execute/task-policy.js';
import type { Pool } from '../pool/pool.js';

/** What to say at the start about time limits that this pool cannot enforce; undefined for nothing. */
export function unenforcedLimits(kernel: Pick<Kernel, 'settings' | 'registry'>, pool: Pool): string | undefined {
  if (pool.supports.terminate) return undefined;
  const names = [...kernel.registry]
    .filter((definition) => taskPolicy(kernel, definition).limits.hardMs !== undefined)
    .map(({ name }) => name);
  if (names.length === 0) return undefined;
  return (
    `The ${pool.name} pool cannot end the code of a task. At the time limit of these its signal is aborted, TimeLimitExceeded is stored and its slot is free, ` +
    `but the function runs on unless it heeds the signal: ${names.sort().join(', ')}. Run them in threads or processes to have it ended.`
  );
}
