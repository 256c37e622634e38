import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Queue } from '@ctq/messaging';
import type { Duration } from '@ctq/runtime';
import type { CallOptions } from '../sending/call-options.js';
import type { UniqueOptions } from '../unique/unique-options.js';
import type { LimitOptions } from '../limits/limit-options.js';
import type { RateLimit } from '../limits/rate-limit.js';
import type { AnySignature } from '../canvas/signature.js';
import type { RetryOptions, TaskContext } from './task-context.js';

/** A class of errors to recognise: ctq's own by `isInstance` (which survives duplicate copies), all others by `instanceof`. */
export type ErrorClass = abstract new (...args: never[]) => Error;

/** Options of a task; each has the effect that its line says, or is not here. */
export interface TaskOptions {
  /** Puts the context in front of the arguments. */
  readonly bind?: boolean;
  /** Attempts after the first; `null` for ever. Default 3. */
  readonly maxRetries?: number | null;
  /** Wait of a `ctx.retry()` that does not say. Default 3 minutes. */
  readonly defaultRetryDelay?: Duration;
  /** Errors after which the task is retried by itself. */
  readonly autoretryFor?: readonly ErrorClass[];
  /** Exceptions from `autoretryFor`. */
  readonly dontAutoretryFor?: readonly ErrorClass[];
  /** Wait of an automatic retry: exponential from 1 s, or from the given seconds. Off: `defaultRetryDelay`. */
  readonly retryBackoff?: boolean | number;
  /** Its cap. Default 10 minutes. */
  readonly retryBackoffMax?: Duration;
  /** Spread it between 0 and the value. Default true. */
  readonly retryJitter?: boolean;
  /** What else an automatic retry is given: `countdown` (where there is no backoff), `maxRetries`, `options`, … */
  readonly retryKwargs?: Omit<RetryOptions, 'error'>;
  /** Errors that are part of normal work: the state is FAILURE, the log line is INFO without a stack. */
  readonly throws?: readonly ErrorClass[];
  readonly ignoreResult?: boolean;
  readonly storeErrorsEvenIfIgnored?: boolean;
  /** Store STARTED when it starts. */
  readonly trackStarted?: boolean;
  /** Acknowledge after it ran (default, at least once) or before (at most once). */
  readonly acksLate?: boolean;
  /** With `acksLate`: a failure or timeout acknowledges as well (default), or rejects. */
  readonly acksOnFailureOrTimeout?: boolean;
  /** The same for failures only. */
  readonly acksOnFailure?: boolean;
  /** The same for timeouts only. */
  readonly acksOnTimeout?: boolean;
  /** With `acksLate`: a task whose worker died is run again (default). */
  readonly rejectOnWorkerLost?: boolean;
  /** With `acksLate`: how often it may take its process down, running alone, before its message is put into quarantine. Default: `taskMaxCrashes`. */
  readonly maxCrashes?: number;
  /** Hard limit. */
  readonly timeLimit?: Duration;
  /** Aborts `ctx.signal` with `SoftTimeLimitExceeded`. */
  readonly softTimeLimit?: Duration;
  /** `app.abort` (Celery's `AbortableAsyncResult.abort`) aborts `ctx.signal`, within about a second. */
  readonly abortable?: boolean;
  /** How often one worker starts it: `10`, `'10/s'`, `'10/m'`, `'10/h'`; null or 0 for no limit. Default: `taskDefaultRateLimit`. */
  readonly rateLimit?: RateLimit | null;
  /** Limits over all workers, for the task or for each key of its arguments. */
  readonly limit?: LimitOptions<never>;
  readonly expires?: Duration;
  readonly queue?: string | Queue;
  readonly exchange?: string;
  readonly routingKey?: string;
  readonly mandatory?: boolean;
  /** 1 transient, 2 persistent. */
  readonly deliveryMode?: 1 | 2;
  readonly priority?: number;
  readonly serializer?: string;
  readonly compression?: string;
  /** Whether, and how, a call is unique: not sent while another one with the same key waits or runs. */
  readonly unique?: boolean | UniqueOptions<never>;
  /** Longest representation of the result in log lines. Default 1024 characters. */
  readonly resultReprMaxSize?: number;
  /** Workers that send events of tasks send those of this one. Default true. */
  readonly sendEvents?: boolean;
  /** Remember the results of what the task sends, as `children` of its own. Default true. */
  readonly trail?: boolean;
  /** Name to show in logs and monitors for one call, unless the call gives one. */
  readonly shadowName?: (
    args: readonly unknown[],
    kwargs: Readonly<Record<string, unknown>>,
    options: CallOptions,
  ) => string | undefined;
  /** Called before the arguments are checked; its error is the task's. */
  readonly beforeStart?: (ctx: TaskContext) => void | Promise<void>;
  /** Called when the result is stored, before the message is acknowledged. Errors of this hook and of those below are logged. */
  readonly onSuccess?: (value: unknown, ctx: TaskContext) => void | Promise<void>;
  /** Called when the failure is stored. */
  readonly onFailure?: (error: Error, ctx: TaskContext) => void | Promise<void>;
  /** Called when the next attempt was sent; with what this one failed with, if anything. */
  readonly onRetry?: (error: Error | undefined, ctx: TaskContext) => void | Promise<void>;
  /** Called by `ctx.replace`: gives what is put in the place of the task, with stamps or options of its own perhaps. Its error is the task's. */
  readonly onReplace?: (signature: AnySignature, ctx: TaskContext) => AnySignature | Promise<AnySignature>;
  /** Called last, after a success (with the value) or a failure (with the error). */
  readonly afterReturn?: (state: 'SUCCESS' | 'FAILURE', value: unknown, ctx: TaskContext) => void | Promise<void>;
}

/** All of them, for whoever is given options by name. */
export const taskOptionNames: readonly string[] = Object.keys({
  bind: true,
  maxRetries: true,
  defaultRetryDelay: true,
  autoretryFor: true,
  dontAutoretryFor: true,
  retryBackoff: true,
  retryBackoffMax: true,
  retryJitter: true,
  retryKwargs: true,
  throws: true,
  ignoreResult: true,
  storeErrorsEvenIfIgnored: true,
  trackStarted: true,
  acksLate: true,
  acksOnFailureOrTimeout: true,
  acksOnFailure: true,
  acksOnTimeout: true,
  rejectOnWorkerLost: true,
  maxCrashes: true,
  timeLimit: true,
  softTimeLimit: true,
  abortable: true,
  rateLimit: true,
  limit: true,
  expires: true,
  queue: true,
  exchange: true,
  routingKey: true,
  mandatory: true,
  deliveryMode: true,
  priority: true,
  serializer: true,
  compression: true,
  unique: true,
  resultReprMaxSize: true,
  sendEvents: true,
  trail: true,
  shadowName: true,
  beforeStart: true,
  onSuccess: true,
  onFailure: true,
  onRetry: true,
  onReplace: true,
  afterReturn: true,
} satisfies Record<keyof TaskOptions, true>);

/** The task takes one object, the keyword arguments, validated before it runs. Any Standard Schema: zod, valibot, arktype. */
export interface SchemaOption<Schema extends StandardSchemaV1> {
  readonly schema: Schema;
  /** Names for positional input, so that a chain can feed it. */
  readonly params?: readonly string[];
}

/** One name for every parameter, so that Python callers can send keyword arguments; a list of another length does not compile. */
export type ParamNames<A extends readonly unknown[]> = { readonly [K in keyof A]-?: string };
