import type { CtqErrorOptions } from '@ctq/runtime';
import { TaskError } from './task-errors.js';

/** What is known of an error that came over the wire. */
export interface RemoteErrorOptions extends CtqErrorOptions {
  /** Qualified class name where it was thrown: `OutOfStock`, `Shelf.Broken`. */
  readonly excType: string;
  /** Python module, or the name that another language made up; null when the sender did not say. */
  readonly excModule: string | null;
  /** Arguments of the exception's constructor. */
  readonly excMessage: readonly unknown[];
  /** The remote traceback as text. */
  readonly traceback?: string | null;
  /** What else is known of an error that a ctq worker stored. */
  readonly properties?: Readonly<Record<string, unknown>>;
}

/**
 * A task's error that has no class here: made by Python, or thrown by a class of the program that ran the task. Its `name` is the remote class's, its
 * message what Python's `str(exception)` would be. Compare `excType` and `excModule`; a class is never looked up by a name found in a message.
 */
export class RemoteError extends TaskError {
  static override readonly family: string = 'RemoteError';
  readonly excType: string;
  readonly excModule: string | null;
  readonly excMessage: readonly unknown[];
  readonly traceback: string | null;
  /** Its `name` and `code` where it had some; all plain members where the worker's app lists its class in `errorClasses`. */
  readonly properties: Readonly<Record<string, unknown>>;

  constructor(message: string, options: RemoteErrorOptions) {
    super('CTQ_REMOTE', message, options);
    this.name = options.excType;
    this.excType = options.excType;
    this.excModule = options.excModule;
    this.excMessage = options.excMessage;
    this.traceback = options.traceback ?? null;
    this.properties = options.properties ?? {};
  }

  /**
   * Whether it is an error of that remote class: `error.is('ValueError')`, `error.is('Retry', 'celery.exceptions')`. Names are compared, subclasses are not
   * known here. Without a module it is not looked at.
   */
  is(excType: string, excModule?: string): boolean {
    return this.excType === excType && (excModule === undefined || this.excModule === excModule);
  }
}
