import {
  type CallOptions,
  Ignore,
  isOf,
  type Outcome,
  rebuildError,
  Reject,
  type ResultStore,
  Retry,
  storedError,
  type TaskOptions,
} from '@ctq/core';
import type { EncodedError, EncodedOutcome, EncodedRetry } from './slot-messages.js';

/** What is encoded with: of the app, on either side of the border. */
export type OutcomeStore = Pick<ResultStore, 'codec' | 'errorClasses' | 'assertStorable'>;

/** Errors that are part of normal work, by the task's own word. */
type Throws = TaskOptions['throws'];

/** An outcome on its way out of a slot; a value or an argument that cannot be encoded makes it a failure. */
export function encodeOutcome(outcome: Outcome, throws: Throws, store: OutcomeStore): EncodedOutcome {
  const { runtimeMs, children } = outcome;
  const common = children === undefined ? { runtimeMs } : { runtimeMs, children };
  try {
    return { ...common, ...ending(outcome, throws, store) };
  } catch (error) {
    const failure = encodeError(error as Error, throws, store);
    return { ...common, kind: 'failure', error: failure, reason: 'encoding' };
  }
}

type Ending = Omit<Extract<EncodedOutcome, { kind: 'success' }>, 'runtimeMs'>;

function ending(outcome: Outcome, throws: Throws, store: OutcomeStore) {
  switch (outcome.kind) {
    case 'success': {
      const value = outcome.value ?? null;
      store.assertStorable(value);
      return { kind: 'success', value: store.codec.encodeValue(value) } satisfies Ending;
    }
    case 'failure':
      return {
        kind: 'failure' as const,
        error: encodeError(outcome.error, throws, store),
        reason: outcome.reason,
      };
    case 'retry':
      return { kind: 'retry' as const, retry: encodeRetry(outcome.retry, throws, store) };
    case 'ignore':
      return { kind: 'ignore' as const, reason: outcome.ignore.message };
    case 'reject':
      return { kind: 'reject' as const, reason: outcome.reject.message, requeue: outcome.reject.requeue };
  }
}

/** The same outcome on the other side. */
export function decodeOutcome(encoded: EncodedOutcome, taskId: string, store: OutcomeStore): Outcome {
  const { runtimeMs, children } = encoded;
  const common = children === undefined ? { runtimeMs } : { runtimeMs, children };
  switch (encoded.kind) {
    case 'success':
      return { ...common, kind: 'success', value: store.codec.decodeValue(encoded.value) };
    case 'failure': {
      const { reason, error } = encoded;
      const { stored, isExpected } = error;
      return { ...common, kind: 'failure', reason, stored, isExpected, error: decodeError(error, taskId, store) };
    }
    case 'retry':
      return { ...common, kind: 'retry', retry: decodeRetry(encoded.retry, taskId, store) };
    case 'ignore':
      return { ...common, kind: 'ignore', ignore: new Ignore(encoded.reason) };
    case 'reject':
      return { ...common, kind: 'reject', reject: new Reject(encoded.reason, { requeue: encoded.requeue }) };
  }
}

function encodeError(error: Error, throws: Throws, { errorClasses }: OutcomeStore): EncodedError {
  return {
    stored: storedError(error, errorClasses),
    stack: error.stack,
    isExpected: throws?.some((errorClass) => isOf(error, errorClass)) ?? false,
  };
}

function decodeError({ stored, stack }: EncodedError, taskId: string, { errorClasses }: OutcomeStore): Error {
  const error = rebuildError(stored, stack ?? null, taskId, { classes: errorClasses });
  // Its stack is that of the slot, whatever its class.
  Object.defineProperty(error, 'stack', { value: stack, configurable: true, writable: true });
  return error;
}

function encodeRetry(retry: Retry, throws: Throws, store: OutcomeStore): EncodedRetry {
  const { args, kwargs, options } = retry.overrides;
  return {
    message: retry.message,
    error: retry.error === undefined ? undefined : encodeError(retry.error, throws, store),
    dueAt: retry.dueAt,
    call: store.codec.encodeValue([args ?? null, kwargs ?? null]),
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
