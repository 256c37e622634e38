import type { TaskContext } from '../task/task-context.js';
import type { TaskDefinition } from '../task/task-definition.js';

/** A task of Celery's own: what stands in its message has the names that Python's function has for it. */
export interface Builtin {
  readonly name: string;
  readonly params: readonly string[];
  readonly ignoreResult?: boolean;
  readonly run: (ctx: TaskContext, ...args: never[]) => unknown;
}

export function builtin({ name, params, run, ignoreResult }: Builtin): TaskDefinition {
  const options = { bind: true, ...(ignoreResult === undefined ? {} : { ignoreResult }) } as const;
  return { name, options, params, schema: undefined, run };
}
