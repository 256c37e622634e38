import {
  type CallOptions,
  Ignore,
  isOf,
  type Outcome,
  rebuildError,
  Reject,
  type ResultStore,
  Retry,
  saferepr,
  storedError,
  type TaskOptions,
} from '@ctq/core';
import { toError } from '@ctq/runtime';
import type { EncodedError, EncodedOutcome, EncodedRetry } from './slot-messages.js';

/** What is encoded with: of the app, on either side of the border. */
export type OutcomeStore = Pick<ResultStore, 'codec' | 'errorClasses' | 'assertStorable'>;

export interface EncodeOptions {
  readonly store: OutcomeStore;
  /** Of the task, if it is known. */
  readonly options: Pick<TaskOptions, 'throws' | 'resultReprMaxSize'> | undefined;
  /** Whether anybody gets the value of a success; one that nobody gets need not be storable. Default true. */
  readonly isValueUsed?: boolean;
}

/** An outcome on its way out of a slot; a value or an argument that cannot be encoded makes it a failure. */
export function encodeOutcome(outcome: Outcome, how: EncodeOptions): EncodedOutcome {
  try {
    return { ...commonOf(outcome), ...encodeEnding(outcome, how) };
  } catch (thrown) {
    return encodeFailure(outcome, toError(thrown), how);
  }
}

/** An outcome that cannot leave the slot. */
export function encodeFailure(outcome: Outcome, error: Error, how: EncodeOptions): EncodedOutcome {
  return { ...commonOf(outcome), kind: 'failure', error: encodeError(error, how), reason: 'encoding' };
}

/** The same outcome on the other side; one that cannot be decoded there makes it a failure, too. */
export function decodeOutcome(encoded: EncodedOutcome, taskId: string, store: OutcomeStore): Outcome {
  try {
    return { ...commonOf(encoded), ...decodeEnding(encoded, taskId, store) };
  } catch (thrown) {
    return { ...commonOf(encoded), kind: 'failure', error: toError(thrown), reason: 'encoding' };
  }
}

function commonOf({ runtimeMs, children }: Pick<Outcome, 'runtimeMs' | 'children'>) {
  return children === undefined ? { runtimeMs } : { runtimeMs, children };
}

function encodeEnding(outcome: Outcome, how: EncodeOptions) {
  switch (outcome.kind) {
    case 'success':
      return { kind: 'success' as const, ...encodeValue(outcome.value ?? null, how) };
    case 'failure':
      return { kind: 'failure' as const, error: encodeError(outcome.error, how), reason: outcome.reason };
    case 'retry':
      return { kind: 'retry' as const, retry: encodeRetry(outcome.retry, how) };
    case 'ignore':
      return { kind: 'ignore' as const, reason: outcome.ignore.message };
    case 'reject':
      return { kind: 'reject' as const, reason: outcome.reject.message, requeue: outcome.reject.requeue };
  }
}

function decodeEnding(encoded: EncodedOutcome, taskId: string, store: OutcomeStore) {
  switch (encoded.kind) {
    case 'success':
      return 'shown' in encoded
        ? { kind: 'success' as const, value: undefined, shown: encoded.shown }
        : { kind: 'success' as const, value: store.codec.decodeValue(encoded.value) };
    case 'failure': {
      const { reason, error } = encoded;
      const { stored, isExpected } = error;
      return { kind: 'failure' as const, reason, stored, isExpected, error: decodeError(error, taskId, store) };
    }
    case 'retry':
      return { kind: 'retry' as const, retry: decodeRetry(encoded.retry, taskId, store) };
    case 'ignore':
      return { kind: 'ignore' as const, ignore: new Ignore(encoded.reason) };
    case 'reject':
      return { kind: 'reject' as const, reject: new Reject(encoded.reason, { requeue: encoded.requeue }) };
  }
}

function encodeValue(value: unknown, { store, options, isValueUsed = true }: EncodeOptions) {
  if (!isValueUsed) return { shown: saferepr(value, options?.resultReprMaxSize) };
  store.assertStorable(value);
  return { value: store.codec.encodeValue(value) };
}

function encodeError(error: Error, { store, options }: EncodeOptions): EncodedError {
  return {
    stored: storedError(error, store.errorClasses),
    stack: error.stack,
    isExpected: options?.throws?.some((errorClass) => isOf(error, errorClass)) ?? false,
  };
}

function decodeError({ stored, stack }: EncodedError, taskId: string, { errorClasses }: OutcomeStore): Error {
  const error = rebuildError(stored, stack ?? null, taskId, { classes: errorClasses });
  // Its stack is that of the slot, whatever its class.
  Object.defineProperty(error, 'stack', { value: stack, configurable: true, writable: true });
  return error;
}

function encodeRetry(retry: Retry, how: EncodeOptions): EncodedRetry {
  const { args, kwargs, options } = retry.overrides;
  return {
    message: retry.message,
    error: retry.error === undefined ? undefined : encodeError(retry.error, how),
    dueAt: retry.dueAt,
    call: how.store.codec.encodeValue([args ?? null, kwargs ?? null]),
    options: options === undefined ? undefined : plainOptions(options),
  };
}

function decodeRetry(
  { message, error, dueAt, call, options }: EncodedRetry,
  taskId: string,
  store: OutcomeStore,
): Retry {
  const [args, kwargs] = store.codec.decodeValue(call) as [unknown[] | null, Record<string, unknown> | null];
  const retry = new Retry({
    ...(error === undefined ? {} : { error: decodeError(error, taskId, store) }),
    ...(dueAt === undefined ? {} : { dueAt }),
    overrides: {
      ...(args === null ? {} : { args }),
      ...(kwargs === null ? {} : { kwargs }),
      ...(options === undefined ? {} : { options: linkedOptions(options) }),
    },
  });
  // It says in how long, which is not known here.
  retry.message = message;
  return retry;
}

/** Without what cannot be cloned: a signal of the slot's, and the signatures that come after. */
function plainOptions({ signal: _, link, linkError, ...plain }: CallOptions): Readonly<Record<string, unknown>> {
  const serialized = (links: CallOptions['link']): unknown => listOf(links).map((one) => one.serialize());
  return {
    ...plain,
    ...(link === undefined ? {} : { link: serialized(link) }),
    ...(linkError === undefined ? {} : { linkError: serialized(linkError) }),
  };
}

function linkedOptions({ link, linkError, ...plain }: Readonly<Record<string, unknown>>): CallOptions {
  type Links = NonNullable<CallOptions['link']>;
  const links = (serialized: unknown): Links =>
    (serialized as ReturnType<Extract<Links, { serialize: unknown }>['serialize']>[]).map((one) => ({
      serialize: () => one,
    }));
  return {
    ...(plain as CallOptions),
    ...(link === undefined ? {} : { link: links(link) }),
    ...(linkError === undefined ? {} : { linkError: links(linkError) }),
  };
}

function listOf(links: CallOptions['link']): readonly { serialize(): unknown }[] {
  return links === undefined ? [] : 'serialize' in links ? [links] : links;
}
