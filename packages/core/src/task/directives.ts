import { errorRepr } from '../protocol/error-repr.js';
import type { CallOptions } from '../sending/call-options.js';

/**
 * Control flow of a task, thrown to leave it. Not an error: a `catch` for `CtqError` does not see it, and a task that catches everything should
 * rethrow what `TaskDirective.isInstance` recognises.
 */
export abstract class TaskDirective extends Error {
  /** The directives by name, so that copies of the package know each other's. */
  abstract readonly directive: 'retry' | 'ignore' | 'reject';

  static isInstance(value: unknown): value is Retry | Ignore | Reject {
    return value instanceof Error && directiveMark in value;
  }

  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    Object.defineProperty(this, directiveMark, { value: true });
  }
}

const directiveMark = Symbol.for('ctq.directive');

/** The task is to be run again. Made by `ctx.retry()` and by `autoretryFor`. */
export class Retry extends TaskDirective {
  override readonly name = 'Retry';
  readonly directive = 'retry';
  /** What the attempt failed with, if anything. */
  readonly error: Error | undefined;
  /** When the next attempt is due, in milliseconds since the epoch; undefined for at once. */
  readonly dueAt: number | undefined;
  /** Replaces arguments and options of the next attempt. */
  readonly overrides: RetryOverrides;

  constructor(options: {
    readonly error?: Error;
    readonly dueAt?: number;
    readonly inMs?: number;
    readonly overrides?: RetryOverrides;
  }) {
    super(retryMessage(options), options.error);
    this.error = options.error;
    this.dueAt = options.dueAt;
    this.overrides = options.overrides ?? {};
  }
}

export interface RetryOverrides {
  readonly args?: readonly unknown[];
  readonly kwargs?: Readonly<Record<string, unknown>>;
  readonly options?: CallOptions;
}

/** Celery's words (celery 5.6 exceptions.py, Retry.__str__). */
function retryMessage(options: { readonly error?: Error; readonly dueAt?: number; readonly inMs?: number }): string {
  const when =
    options.inMs !== undefined
      ? `in ${options.inMs / 1_000}s`
      : options.dueAt !== undefined
        ? `at ${new Date(options.dueAt).toISOString()}`
        : 'in 0s';
  return options.error === undefined ? `Retry ${when}` : `Retry ${when}: ${errorRepr(options.error)}`;
}

/** The outcome is nobody's business: nothing is stored, nothing follows, the message is acknowledged. */
export class Ignore extends TaskDirective {
  override readonly name = 'Ignore';
  readonly directive = 'ignore';

  constructor(reason = '') {
    super(reason);
  }
}

/** The message is rejected: dropped or dead-lettered, or with `requeue` given back for another try. */
export class Reject extends TaskDirective {
  override readonly name = 'Reject';
  readonly directive = 'reject';
  readonly requeue: boolean;

  constructor(reason = '', options: { readonly requeue?: boolean } = {}) {
    super(reason);
    this.requeue = options.requeue ?? false;
  }
}
