import { ContentNotAcceptedError, type Delivery } from '@ctq/messaging';
import {
  decodeTask,
  InvalidTaskMessageError,
  type TaskMessage,
  type TaskNotRegisteredError,
  UnknownMessageError,
} from '@ctq/core';
import { toError } from '@ctq/runtime';
import { TaskRequest } from '../execute/task-request.js';
import type { Workplace } from '../execute/workplace.js';

/** A delivery as the worker sees it: a request, or a reason why there can be none. */
export type Received =
  | {
      readonly kind: 'task';
      readonly request: TaskRequest;
      readonly hasExpired: boolean;
      /** When it may run, in milliseconds since the epoch; undefined for now. */
      readonly dueAt: number | undefined;
    }
  /** Nobody here has such a function; the caller is told. */
  | { readonly kind: 'unregistered'; readonly message: TaskMessage; readonly error: TaskNotRegisteredError }
  /** Its bytes cannot be read. */
  | { readonly kind: 'unreadable'; readonly error: Error }
  /** A task message that cannot be run. */
  | { readonly kind: 'invalid'; readonly error: Error }
  /** No task message at all. */
  | { readonly kind: 'unknown'; readonly error: Error };

/** Reads a delivery. Never throws: whatever is in a message, the worker goes on (celery 5.6 worker/consumer/consumer.py, create_task_handler). */
export function receiveTask(delivery: Delivery, workplace: Workplace): Received {
  const { kernel, content } = workplace;
  try {
    const message = decodeTask(delivery.message, content);
    const definition = kernel.registry.find(message.task);
    if (definition === undefined)
      return { kind: 'unregistered', message, error: kernel.registry.notRegistered(message.task) };
    const request = new TaskRequest(workplace, delivery, message, definition);
    return { kind: 'task', request, hasExpired: request.hasExpired, dueAt: request.dueAt };
  } catch (thrown) {
    return refused(toError(thrown));
  }
}

function refused(error: Error): Received {
  if (UnknownMessageError.isInstance(error)) return { kind: 'unknown', error };
  if (InvalidTaskMessageError.isInstance(error) || ContentNotAcceptedError.isInstance(error))
    return { kind: 'invalid', error };

  // A DecodeError, or whatever a serializer of the program's own throws.
  return { kind: 'unreadable', error };
}
