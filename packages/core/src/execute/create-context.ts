import type { Clock, Logger } from '@ctq/runtime';
import type { AnySignature } from '../canvas/signature.js';
import { NotInChordError, notReplaceable } from '../errors/canvas-errors.js';
import type { TaskMessage } from '../protocol/task-message.js';
import type { ResultTuple } from '../result/result-record.js';
import { Retry } from '../task/directives.js';
import { nextAttempt } from '../task/retry-policy.js';
import type { AddToChord, RetryOptions, RetryTask, TaskContext, TaskRequest } from '../task/task-context.js';
import type { TaskDefinition } from '../task/task-definition.js';
import { ChordAdditions } from './chord-additions.js';
import type { Execution } from './execution.js';
import { TaskAbort } from './task-abort.js';

/** The context of an execution; `children` tells what the task has sent so far. */
export function createContext(execution: Execution, children: () => readonly ResultTuple[]): TaskContext {
  const { definition, message, clock, abort } = execution;
  const request: TaskRequest = {
    ...message,
    deliveryInfo: execution.deliveryInfo,
    properties: execution.properties,
    hostname: execution.hostname,
    isEager: execution.isEager,
    calledDirectly: false,
    get children() {
      return children();
    },
  };
  let additions: ChordAdditions | undefined;
  const context: TaskContext = {
    request,
    get signal() {
      return abort.signal;
    },
    get log() {
      return execution.logger.child({ taskName: message.task, taskId: message.id });
    },
    retry: retryWith((options) => nextAttempt(message, definition.options, options, clock)),
    replace: (async (signature: unknown) => {
      const { onReplace } = definition.options;
      return await execution.replace(
        onReplace === undefined ? signature : await onReplace(signature as AnySignature, context),
      );
    }) as TaskContext['replace'],
    addToChord: ((signature: unknown, { lazy = false }: { readonly lazy?: boolean } = {}) => {
      additions ??= new ChordAdditions();
      return execution.addToChord({ signature, lazy, additions });
    }) as AddToChord,
    updateState: (state, meta) => execution.updateState(message, state, meta ?? null),
    // celery 5.6 app/task.py, Task.send_event.
    sendEvent: (type, fields) => execution.sendEvent(type, { uuid: message.id, ...fields }),
  };
  return context;
}

export interface DirectCall {
  readonly definition: TaskDefinition;
  readonly args: readonly unknown[];
  readonly logger: Logger;
  readonly clock: Clock;
  /** Of the task that calls it, if one does. */
  readonly signal?: AbortSignal;
}

/** A context for a function that is called in place: there is no message to repeat and no state to keep. */
export function createDirectContext({ definition, args, logger, clock, signal }: DirectCall): TaskContext {
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
    request: {
      ...message,
      deliveryInfo: undefined,
      properties: undefined,
      hostname: undefined,
      isEager: false,
      calledDirectly: true,
      children: [],
    },
    signal: signal ?? new TaskAbort().signal,
    log: logger.child({ taskName: definition.name }),
    retry: retryWith((options) => {
      // celery 5.6 app/task.py, Task.retry: a task called directly raises what it failed with.
      if (options.error !== undefined) throw options.error;
      return new Retry({ dueAt: options.eta?.getTime() ?? clock.now() });
    }),
    // In Celery the replacement is sent, and its caller gets the exception Ignore.
    replace: () => Promise.reject(notReplaceable(`${definition.name} was called in place, so nobody waits for its id`)),
    addToChord: () => Promise.reject(new NotInChordError(definition.name)),
    updateState: () => Promise.resolve(),
    sendEvent: () => Promise.resolve(),
  };
}

function retryWith(next: (options: RetryOptions) => Retry): RetryTask {
  const retry = (options: RetryOptions & { readonly throw?: boolean } = {}): Retry => {
    const directive = next(options);
    if (options.throw === false) return directive;
    throw directive;
  };
  return retry as RetryTask;
}
