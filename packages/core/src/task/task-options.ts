import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Queue } from '@ctq/messaging';
import type { Duration } from '@ctq/runtime';

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
  /** Hard limit. */
  readonly timeLimit?: Duration;
  /** Aborts `ctx.signal` with `SoftTimeLimitExceeded`. */
  readonly softTimeLimit?: Duration;
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
  /** Longest representation of the result in log lines. Default 1024 characters. */
  readonly resultReprMaxSize?: number;
}

/** The task takes one object, the keyword arguments, validated before it runs. Any Standard Schema: zod, valibot, arktype. */
export interface SchemaOption<Schema extends StandardSchemaV1> {
  readonly schema: Schema;
  /** Names for positional input, so that a chain can feed it. */
  readonly params?: readonly string[];
}

/** One name for every parameter, so that Python callers can send keyword arguments; a list of another length does not compile. */
export type ParamNames<A extends readonly unknown[]> = { readonly [K in keyof Required<A>]: string };
