import { toError } from '@ctq/runtime';
import type { Kernel } from '../app/kernel.js';
import type { AppSignals } from '../signals/signals.js';
import type { TaskContext } from '../task/task-context.js';
import type { TaskOptions } from '../task/task-options.js';
import { RunningTask, runBesideTask } from './current-task.js';
import type { Execution } from './execution.js';
import type { Outcome } from './outcome.js';
import { runEvent } from './run-event.js';

/** A hook of the task, or a signal of the app. */
interface Telling {
  readonly name: string;
  readonly tell: (ctx: TaskContext, task: RunningTask) => void | Promise<void>;
}

/**
 * Calls the hooks of a task, and tells the signals, when its outcome is stored (celery 5.6 app/trace.py, trace_task and Info.handle_failure, handle_retry). What
 * a hook throws is logged: the outcome stands. Undefined when nobody is to be told, which is nearly always.
 */
export function tellOutcome(
  { signals }: Pick<Kernel, 'signals'>,
  execution: Execution,
  outcome: Outcome,
): Promise<void> | undefined {
  const { definition, message } = execution;
  const tellings = [
    ...hooksBefore(definition.options, outcome),
    ...ofOutcome(signals, message.task, outcome),
    ...hooksAfter(definition.options, outcome),
    ...postrun(signals, message.task, outcome),
  ];
  return tellings.length === 0 ? undefined : tellAll(execution, tellings);
}

/** Whether somebody is to hear of what a task comes to, whatever that is. */
export function wantsToBeTold(
  { signals }: Pick<Kernel, 'signals'>,
  { definition: { name, options } }: Pick<Execution, 'definition'>,
): boolean {
  const { onSuccess, onFailure, onRetry, afterReturn } = options;
  if ([onSuccess, onFailure, onRetry, afterReturn].some((hook) => hook !== undefined)) return true;
  const { taskSuccess, taskFailure, taskRetry, taskPostrun } = signals;
  return [taskSuccess, taskFailure, taskRetry, taskPostrun].some((signal) => signal.hasReceivers(name));
}

function hooksBefore({ onSuccess, onFailure, onRetry }: TaskOptions, outcome: Outcome): readonly Telling[] {
  if (outcome.kind === 'success' && onSuccess !== undefined)
    return [{ name: 'onSuccess', tell: (ctx) => onSuccess(outcome.value, ctx) }];
  if (outcome.kind === 'failure' && onFailure !== undefined)
    return [{ name: 'onFailure', tell: (ctx) => onFailure(outcome.error, ctx) }];
  if (outcome.kind === 'retry' && onRetry !== undefined)
    return [{ name: 'onRetry', tell: (ctx) => onRetry(outcome.retry.error, ctx) }];
  return none;
}

function ofOutcome(signals: AppSignals, sender: string, outcome: Outcome): readonly Telling[] {
  const { taskSuccess, taskFailure, taskRetry } = signals;
  if (outcome.kind === 'success' && taskSuccess.hasReceivers(sender)) {
    const { value } = outcome;
    return [signalled(taskSuccess.name, (task) => taskSuccess.send(sender, () => ({ ...runEvent(task), value })))];
  }
  if (outcome.kind === 'failure' && taskFailure.hasReceivers(sender)) {
    const { error } = outcome;
    return [signalled(taskFailure.name, (task) => taskFailure.send(sender, () => ({ ...runEvent(task), error })))];
  }
  if (outcome.kind === 'retry' && taskRetry.hasReceivers(sender)) {
    const { retry } = outcome;
    const { error } = retry;
    return [signalled(taskRetry.name, (task) => taskRetry.send(sender, () => ({ ...runEvent(task), retry, error })))];
  }
  return none;
}

function hooksAfter({ afterReturn }: TaskOptions, outcome: Outcome): readonly Telling[] {
  if (afterReturn === undefined) return none;
  if (outcome.kind === 'success')
    return [{ name: 'afterReturn', tell: (ctx) => afterReturn('SUCCESS', outcome.value, ctx) }];
  if (outcome.kind === 'failure')
    return [{ name: 'afterReturn', tell: (ctx) => afterReturn('FAILURE', outcome.error, ctx) }];
  return none;
}

function postrun({ taskPostrun }: AppSignals, sender: string, outcome: Outcome): readonly Telling[] {
  if (!taskPostrun.hasReceivers(sender)) return none;
  const { state, value } = endingOf(outcome);
  return [signalled(taskPostrun.name, (task) => taskPostrun.send(sender, () => ({ ...runEvent(task), value, state })))];
}

/** celery 5.6 app/trace.py: the states of what a run came to. */
function endingOf(outcome: Outcome): {
  state: 'SUCCESS' | 'FAILURE' | 'RETRY' | 'IGNORED' | 'REJECTED';
  value: unknown;
} {
  switch (outcome.kind) {
    case 'success':
      return { state: 'SUCCESS', value: outcome.value };
    case 'failure':
      return { state: 'FAILURE', value: outcome.error };
    case 'retry':
      return { state: 'RETRY', value: outcome.retry };
    case 'ignore':
      return { state: 'IGNORED', value: outcome.ignore };
    case 'reject':
      return { state: 'REJECTED', value: outcome.reject };
  }
}

function signalled(name: string, send: (task: RunningTask) => Promise<void> | undefined): Telling {
  return { name, tell: (_ctx, task) => send(task) };
}

const none: readonly Telling[] = [];

async function tellAll(execution: Execution, tellings: readonly Telling[]): Promise<void> {
  const task = new RunningTask(execution);
  const { message, logger } = execution;
  for (const { name, tell } of tellings) {
    try {
      await runBesideTask(task, () => tell(task.context, task));
    } catch (error) {
      logger.error(
        { err: toError(error) },
        `The ${name} hook of ${message.task}[${message.id}] failed; its outcome stands`,
      );
    }
  }
}
