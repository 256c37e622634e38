import { toError } from '@ctq/runtime';
import type { TaskContext } from '../task/task-context.js';
import { RunningTask, runBesideTask } from './current-task.js';
import type { Execution } from './execution.js';
import type { Outcome } from './outcome.js';

type Hook = (ctx: TaskContext) => void | Promise<void>;

/**
 * Calls the hooks of a task whose outcome is stored (celery 5.6 app/trace.py, trace_task and Info.handle_failure, handle_retry). What they throw
 * is logged: the outcome stands. Undefined when there are none, which is nearly always.
 */
export function runHooks(execution: Execution, outcome: Outcome): Promise<void> | undefined {
  const hooks = hooksFor(execution, outcome);
  return hooks === undefined || hooks.length === 0 ? undefined : callAll(execution, hooks);
}

function hooksFor({ definition }: Execution, outcome: Outcome): readonly [name: string, hook: Hook][] | undefined {
  const { onSuccess, onFailure, onRetry, afterReturn } = definition.options;
  switch (outcome.kind) {
    case 'success': {
      const { value } = outcome;
      return present(
        ['onSuccess', onSuccess && ((ctx) => onSuccess(value, ctx))],
        ['afterReturn', afterReturn && ((ctx) => afterReturn('SUCCESS', value, ctx))],
      );
    }
    case 'failure': {
      const { error } = outcome;
      return present(
        ['onFailure', onFailure && ((ctx) => onFailure(error, ctx))],
        ['afterReturn', afterReturn && ((ctx) => afterReturn('FAILURE', error, ctx))],
      );
    }
    case 'retry':
      return present(['onRetry', onRetry && ((ctx) => onRetry(outcome.retry.error, ctx))]);
    case 'ignore':
    case 'reject':
      return undefined;
  }
}

function present(...hooks: (readonly [string, Hook | undefined])[]): readonly [string, Hook][] | undefined {
  if (hooks.every(([, hook]) => hook === undefined)) return undefined;
  return hooks.flatMap(([name, hook]) => (hook === undefined ? [] : [[name, hook] as [string, Hook]]));
}

async function callAll(execution: Execution, hooks: readonly [name: string, hook: Hook][]): Promise<void> {
  const task = new RunningTask(execution);
  const { message, logger } = execution;
  for (const [name, hook] of hooks) {
    try {
      await runBesideTask(task, () => hook(task.context));
    } catch (error) {
      logger.error(
        { err: toError(error) },
        `The ${name} hook of ${message.task}[${message.id}] failed; its outcome stands`,
      );
    }
  }
}
