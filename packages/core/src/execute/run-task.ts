import { type Clock, type Logger, toError } from '@ctq/runtime';
import type { TaskMessage } from '../protocol/task-message.js';
import { bindArguments } from '../task/arguments.js';
import { Retry, TaskDirective } from '../task/directives.js';
import { autoRetryCountdown, isRetriedByItself, nextAttempt } from '../task/retry-policy.js';
import type { DeliveryInfo, RetryOptions, TaskContext, TaskRequest } from '../task/task-context.js';
import type { TaskDefinition } from '../task/task-definition.js';
import type { TaskState } from '../result/states.js';
import { type CurrentTask, runAsTask } from './current-task.js';
import { isThenable } from './is-thenable.js';
import type { Outcome } from './outcome.js';
import { TaskAbort } from './task-abort.js';

/** What a function runs in; the same for a worker's pool, for eager calls and for direct ones. */
export interface Execution {
  readonly definition: TaskDefinition;
  readonly message: TaskMessage;
  readonly deliveryInfo: DeliveryInfo | undefined;
  readonly hostname: string | undefined;
  readonly isEager: boolean;
  readonly abort: TaskAbort;
  readonly clock: Clock;
  readonly logger: Logger;
  updateState(message: TaskMessage, state: TaskState, meta: unknown): Promise<void>;
}

/** Runs the function of a message and tells how it ended: a synchronous one at once. Never throws or rejects. */
export function runTask(execution: Execution): Outcome | Promise<Outcome> {
  const { definition, message, clock } = execution;
  const startedAt = clock.monotonic();
  const task: CurrentTask = { id: message.id, name: message.task, children: [], mayJoin: false };
  const onValue = (value: unknown): Outcome =>
    withChildren({ kind: 'success', value, runtimeMs: clock.monotonic() - startedAt }, task);
  const onThrown = (thrown: unknown): Outcome =>
    withChildren(outcomeOfThrown(execution, thrown, clock.monotonic() - startedAt), task);
  try {
    const value = runAsTask(task, definition, () => {
      const args = bindArguments(definition, message.args, message.kwargs);
      return args instanceof Promise ? args.then((bound) => call(execution, bound)) : call(execution, args);
    });
    return isThenable(value) ? Promise.resolve(value).then(onValue, onThrown) : onValue(value);
  } catch (thrown) {
    return onThrown(thrown);
  }
}

function withChildren(outcome: Outcome, { children }: CurrentTask): Outcome {
  if (children.length === 0 || outcome.kind === 'ignore' || outcome.kind === 'reject') return outcome;
  return { ...outcome, children };
}

function call(execution: Execution, args: readonly unknown[]): unknown {
  const { definition } = execution;
  const run = definition.run as (...given: unknown[]) => unknown;
  return definition.options.bind === true ? run(createContext(execution), ...args) : run(...args);
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
      attemptOf(message),
      definition.options,
      { error, ...(countdown === undefined ? {} : { countdown }) },
      clock,
    );
    return { kind: 'retry', retry, runtimeMs };
  } catch (exhausted) {
    return { kind: 'failure', error: toError(exhausted), reason: 'thrown', runtimeMs };
  }
}

function attemptOf(message: TaskMessage): { task: string; id: string; retries: number } {
  return { task: message.task, id: message.id, retries: message.retries };
}

function createContext(execution: Execution): TaskContext {
  const { definition, message, clock, abort } = execution;
  const request: TaskRequest = {
    ...message,
    deliveryInfo: execution.deliveryInfo,
    hostname: execution.hostname,
    isEager: execution.isEager,
    calledDirectly: false,
  };
  return {
    request,
    get signal() {
      return abort.signal;
    },
    get log() {
      return execution.logger.child({ taskName: message.task, taskId: message.id });
    },
    retry(options: RetryOptions = {}): never {
      throw nextAttempt(attemptOf(message), definition.options, options, clock);
    },
    updateState: (state, meta) => execution.updateState(message, state, meta ?? null),
  };
}

/** A context for a function that is called in place: there is no message to repeat and no state to keep. */
export function createDirectContext(
  definition: TaskDefinition,
  args: readonly unknown[],
  logger: Logger,
  clock: Clock,
): TaskContext {
  const message: TaskMessage = {
    id: '',
    task: definition.name,
    args,
    kwargs: {},
    lang: 'js',
    shadow: null,
    eta: null,
    expires: null,
    group: null,
    groupIndex: null,
    retries: 0,
    timeLimit: null,
    softTimeLimit: null,
    rootId: null,
    parentId: null,
    argsRepr: '',
    kwargsRepr: '',
    origin: null,
    ignoreResult: null,
    replacedTaskNesting: 0,
    stampedHeaders: null,
    stamps: {},
    headers: {},
    callbacks: null,
    errbacks: null,
    chain: null,
    chord: null,
    replyTo: null,
  };
  return {
    request: { ...message, deliveryInfo: undefined, hostname: undefined, isEager: false, calledDirectly: true },
    signal: new TaskAbort().signal,
    log: logger.child({ taskName: definition.name }),
    retry(options: RetryOptions = {}): never {
      // celery 5.6 app/task.py, Task.retry: a task called directly raises what it failed with.
      if (options.error !== undefined) throw options.error;
      throw new Retry({ dueAt: options.eta?.getTime() ?? clock.now() });
    },
    updateState: () => Promise.resolve(),
  };
}
