import { constants } from 'node:os';
import { errorRepr, type EventDispatcher, EventTemplate, type Outcome, saferepr } from '@ctq/core';
import type { LoggedTask } from '../report/task-log.js';

// What most calls come to.
const taskReceived = new EventTemplate('task-received', [
  ...['uuid', 'name', 'args', 'kwargs'],
  ...['root_id', 'parent_id', 'retries', 'eta', 'expires'],
]);
const taskStarted = new EventTemplate('task-started', ['uuid']);
const taskSucceeded = new EventTemplate('task-succeeded', ['uuid', 'result', 'runtime']);

/** How a call ended that was not run, or not to its end. */
export interface Revoked {
  readonly terminated: boolean;
  readonly signal: NodeJS.Signals | null;
  readonly expired: boolean;
}

/**
 * Tells monitors what becomes of the tasks of a worker (celery 5.6 worker/strategy.py and worker/request.py, send_event). While nobody wants events of tasks, each of these costs
 * a look at a boolean.
 */
export class TaskEvents {
  readonly #dispatcher: EventDispatcher;

  constructor(dispatcher: EventDispatcher) {
    this.#dispatcher = dispatcher;
  }

  /** Whether anybody wants them. */
  get areSent(): boolean {
    return this.#dispatcher.sendsTasks;
  }

  received(request: LoggedTask): void {
    if (!this.#isTold(request)) return;
    const { name, message } = request;
    const { id, argsRepr, kwargsRepr, rootId, parentId, retries, eta, expires } = message;
    const call = [id, name, argsRepr, kwargsRepr, rootId, parentId, retries, eta, expires];
    this.#dispatcher.sendOften(taskReceived, call);
  }

  started(request: LoggedTask): void {
    if (this.#isTold(request)) this.#dispatcher.sendOften(taskStarted, [request.message.id]);
  }

  /** @param isDropped its message is rejected for it (celery 5.6 worker/request.py, on_failure) */
  ended(request: LoggedTask, outcome: Outcome, isDropped: boolean): void {
    if (!this.#isTold(request)) return;
    if (isDropped) this.#send('task-rejected', request, { requeue: false });
    switch (outcome.kind) {
      case 'success':
        return this.#dispatcher.sendOften(taskSucceeded, [
          request.message.id,
          outcome.shown ?? saferepr(outcome.value === undefined ? null : outcome.value, request.policy.reprMaxSize),
          // To the nanosecond: the rest is noise of the arithmetic.
          Math.round(outcome.runtimeMs * 1e6) / 1e9,
        ]);
      case 'failure':
        return this.#send('task-failed', request, failureOf(outcome.error));
      case 'retry':
        return this.#send('task-retried', request, failureOf(outcome.retry.error));
      case 'ignore':
      case 'reject':
        return;
    }
  }

  /** Its message goes back to its queue, and it is run again. */
  requeued(request: LoggedTask): void {
    if (this.#isTold(request)) this.#send('task-rejected', request, { requeue: true });
  }

  revoked(request: LoggedTask, { terminated, signal, expired }: Revoked): void {
    if (!this.#isTold(request)) return;
    const signum = signal === null ? null : constants.signals[signal];
    this.#send('task-revoked', request, { terminated, signum, expired });
  }

  /** It ran, and was given up: the worker goes, or the broker was lost. */
  cancelled(request: LoggedTask): void {
    if (this.#isTold(request)) this.#send('task-cancelled', request, {});
  }

  /** Nobody here has such a task (celery 5.6 worker/consumer/consumer.py, on_unknown_task). */
  unknown(task: string, id: string): void {
    if (this.areSent) this.#dispatcher.send('task-failed', { uuid: id, exception: `NotRegistered(${saferepr(task)})` });
  }

  #isTold({ definition }: LoggedTask): boolean {
    return this.#dispatcher.sendsTasks && definition.options.sendEvents !== false;
  }

  #send(type: string, { message }: LoggedTask, fields: Readonly<Record<string, unknown>>): void {
    this.#dispatcher.send(type, { uuid: message.id, ...fields });
  }
}

/** Python's `repr`: of nothing, where a task is run again without an error. */
function failureOf(error: Error | undefined) {
  if (error === undefined) return { exception: 'None', traceback: '' };
  return { exception: errorRepr(error), traceback: error.stack ?? '' };
}
