import { toError } from '@ctq/runtime';
import { bindArguments } from '../task/arguments.js';
import { TaskDirective } from '../task/directives.js';
import { autoRetryCountdown, isRetriedByItself, nextAttempt } from '../task/retry-policy.js';
import type { AppSignals } from '../signals/signals.js';
import { RunningTask, runInTask } from './current-task.js';
import type { Execution } from './execution.js';
import { isThenable } from './is-thenable.js';
import type { Outcome } from './outcome.js';
import { runEvent } from './run-event.js';

/** Runs the function of a message and tells how it ended: a synchronous one at once. Never throws or rejects. */
export function runTask(execution: Execution, signals?: Pick<AppSignals, 'taskPrerun'>): Outcome | Promise<Outcome> {
  const { clock } = execution;
  const startedAt = clock.monotonic();
  const task = new RunningTask(execution);
  const withChildren = (outcome: Outcome): Outcome =>
    task.children.length === 0 ? outcome : { ...outcome, children: task.children };
  const onValue = (value: unknown): Outcome =>
    withChildren({ kind: 'success', value, runtimeMs: clock.monotonic() - startedAt });
  const onThrown = (thrown: unknown): Outcome =>
    withChildren(outcomeOfThrown(execution, thrown, clock.monotonic() - startedAt));
  try {
    const value = runInTask(task, () => begin(task, signals?.taskPrerun));
    return isThenable(value) ? Promise.resolve(value).then(onValue, onThrown) : onValue(value);
  } catch (thrown) {
    return onThrown(thrown);
  }
}

/** celery 5.6 app/trace.py, trace_task: the signal, then the hook, whose error is the task's. */
function begin(task: RunningTask, prerun: AppSignals['taskPrerun'] | undefined): unknown {
  const { definition, message } = task.execution;
  const { beforeStart } = definition.options;
  const told = prerun?.send(message.task, () => runEvent(task));
  if (told !== undefined)
    return beginAfter(
      task,
      told.then(() => beforeStart?.(task.context)),
    );
  if (beforeStart !== undefined) return beginAfter(task, beforeStart(task.context));
  const args = bindArguments(definition, message.args, message.kwargs);
  return args instanceof Promise ? args.then((bound) => call(task, bound)) : call(task, args);
}

function beginAfter(task: RunningTask, started: void | Promise<void>): unknown {
  const { definition, message } = task.execution;
  const bindAndCall = async (): Promise<unknown> =>
    await call(task, await bindArguments(definition, message.args, message.kwargs));
  return isThenable(started) ? Promise.resolve(started).then(bindAndCall) : bindAndCall();
}

function call(task: RunningTask, args: readonly unknown[]): unknown {
  const { definition } = task.execution;
  const run = definition.run as (...given: unknown[]) => unknown;
  return definition.options.bind === true ? run(task.context, ...args) : run(...args);
}

function outcomeOfThrown(execution: Execution, thrown: unknown, runtimeMs: number): Outcome {
  if (TaskDirective.isInstance(thrown)) {
    switch (thrown.directive) {
      case 'retry':
        return { kind: 'retry', retry: thrown, runtimeMs };
      case 'ignore':
        return { kind: 'ignore', ignore: thrown, runtimeMs };
      case 'reject':
        return { kind: 'reject', reject: thrown, runtimeMs };
    }
  }
  const error = toError(thrown);
  const { definition, message, clock } = execution;
  if (!isRetriedByItself(definition.options, thrown)) return { kind: 'failure', error, reason: 'thrown', runtimeMs };
  try {
    const countdown = autoRetryCountdown(definition.options, message.retries);
    const retry = nextAttempt(
      message,
      definition.options,
      { ...definition.options.retryKwargs, error, ...(countdown === undefined ? {} : { countdown }) },
      clock,
    );
    return { kind: 'retry', retry, runtimeMs };
  } catch (exhausted) {
    return { kind: 'failure', error: toError(exhausted), reason: 'thrown', runtimeMs };
  }
}
