import { toError } from '@ctq/runtime';
import type { Kernel } from '../app/kernel.js';
import { wholeChain } from '../canvas/chain-rest.js';
import { parseNode } from '../canvas/serialize.js';
import { BackendStoreError } from '../errors/result-errors.js';
import type { TaskMessage } from '../protocol/task-message.js';
import { storedError } from '../result/stored-error.js';
import type { ExtendedResult, RecordToStore, ResultRecord, ResultTuple, StoredError } from '../result/result-record.js';
import { readyStates, type TaskState } from '../result/states.js';
import type { TaskDefinition } from '../task/task-definition.js';
import { abandonSteps, type ChordMember } from './abandon-steps.js';
import { reportChordPart } from './chord-part.js';
import { sendContinuations } from './continuations.js';
import { sendErrbacks } from './errbacks.js';
import { inheritedFrom } from './inheritance.js';
import type { Outcome } from './outcome.js';
import { resend } from './resend.js';
import { type IsCancelled, reportRevokedPart } from './revoked-part.js';
import type { DeliveryInfo } from '../task/task-context.js';

/** An execution that has ended and has to be made known. */
export interface Completion {
  readonly message: TaskMessage;
  readonly outcome: Outcome;
  /** Undefined for a task that is not registered here. */
  readonly definition: TaskDefinition | undefined;
  readonly deliveryInfo: DeliveryInfo | undefined;
  readonly hostname: string;
}

/**
 * Makes an outcome known: what follows is sent, then the outcome is stored, then the chord is told. Everything here may be repeated: a task
 * whose message comes back runs through it again with the same ids. Resolves with the outcome that was stored, which is a failure when the result
 * could not be encoded.
 */
export function completeTask(kernel: Kernel, completion: Completion): Promise<Outcome> {
  const { outcome } = completion;
  switch (outcome.kind) {
    case 'success':
      return completeSuccess(kernel, completion, outcome);
    case 'failure':
      return completeFailure(kernel, completion, outcome);
    case 'retry':
      return completeRetry(kernel, completion, outcome);
    case 'ignore':
    case 'reject':
      return Promise.resolve(outcome);
  }
}

/** The state first: the next attempt may be over before we are, and its state must stand. */
async function completeRetry(
  kernel: Kernel,
  completion: Completion,
  outcome: Outcome & { kind: 'retry' },
): Promise<Outcome> {
  const { retry } = outcome;
  if (isStored(kernel, completion, true)) {
    await kernel.results.store(
      record(kernel, completion, {
        status: 'RETRY',
        result: storedError(retry.error ?? retry, kernel.results.errorClasses),
        traceback: retry.error?.stack,
        children: outcome.children,
      }),
    );
  }
  await resend(kernel, completion.message, retry, completion.deliveryInfo);
  return outcome;
}

async function completeSuccess(
  kernel: Kernel,
  completion: Completion,
  outcome: Outcome & { kind: 'success' },
): Promise<Outcome> {
  const { message } = completion;
  const value = outcome.value === undefined ? null : outcome.value;
  const stored = isStored(kernel, completion, false);
  if (stored || isPassedOn(message)) {
    try {
      kernel.results.assertStorable(value);
    } catch (error) {
      const failure: Outcome = {
        kind: 'failure',
        error: error as Error,
        reason: 'encoding',
        runtimeMs: outcome.runtimeMs,
        ...(outcome.children === undefined ? {} : { children: outcome.children }),
      };
      return completeFailure(kernel, { ...completion, outcome: failure }, failure);
    }
  }
  const inherited = inheritedFrom(kernel, message, completion.deliveryInfo);
  let { children } = outcome;
  if (hasContinuation(message)) {
    const sent = await sendContinuations(kernel, message, value, inherited);
    if (completion.definition?.options.trail !== false) children = [...(children ?? []), ...sent];
  }
  if (stored) {
    const done = record(kernel, completion, { status: 'SUCCESS', result: value, children });
    await kernel.results.store(kernel.results.fits(done) ? done : withoutCall(done));
  }
  if (message.chord !== null) await reportChordPart(kernel, message, 'SUCCESS', value, inherited);
  return outcome;
}

/**
 * What follows a success that is stored, for a message that came back all the same: its chord is told again, which counts once. Callbacks and the rest of the chain are sent
 * before a success is stored, so they are only where the stored one knows of no child (celery 5.6 app/trace.py, trace_task).
 */
export async function completeAgain(
  kernel: Kernel,
  { message, deliveryInfo }: Omit<Completion, 'outcome'>,
  { result, children }: Pick<ResultRecord, 'result' | 'children'>,
): Promise<void> {
  const inherited = inheritedFrom(kernel, message, deliveryInfo);
  const hasChildren = children !== null && children.length > 0;
  if (hasContinuation(message) && !hasChildren) await sendContinuations(kernel, message, result, inherited);
  if (message.chord !== null) await reportChordPart(kernel, message, 'SUCCESS', result, inherited);
}

async function completeFailure(
  kernel: Kernel,
  completion: Completion,
  outcome: Outcome & { kind: 'failure' },
): Promise<Outcome> {
  const { message } = completion;
  const error = storableError(kernel, outcome);
  const traceback = outcome.reason === 'thrown' ? (outcome.error.stack ?? null) : null;
  if (isStored(kernel, completion, true)) {
    const failed = record(kernel, completion, {
      status: 'FAILURE',
      result: error,
      traceback,
      children: outcome.children,
    });
    await kernel.results.store(kernel.results.fits(failed) ? failed : { ...withoutCall(failed), traceback: null });
  }
  await abandonRest(kernel, message, 'FAILURE', error, (member) => reportChordPart(kernel, member, 'FAILURE', error));
  const { id: failedId, rootId, replyTo } = message;
  await sendErrbacks(kernel, message.errbacks, { failedId, rootId, replyTo });
  return outcome;
}

/** What follows a failure or revocation: the chord hears of it, the rest of the chain ends with the same error. */
async function abandonRest(
  kernel: Kernel,
  message: TaskMessage,
  state: 'FAILURE' | 'REVOKED',
  error: StoredError,
  report: (member: ChordMember) => Promise<void>,
): Promise<void> {
  if (message.chord !== null) await report(message);
  const { id: failedId, rootId, replyTo } = message;
  const steps = (await wholeChain(kernel, message.chain ?? [])).map(parseNode);
  const waiting = await Promise.all(
    steps.map((step) => abandonSteps(kernel, step, { state, error, rootId, failedId, replyTo })),
  );
  for (const member of waiting.flat()) await report(member);
}

/** A task that will not run, or not to its end: revoked, or expired before it was started. It has no errbacks (celery 5.6 backends/base.py, mark_as_revoked). */
export async function completeRevoked(
  kernel: Kernel,
  completion: Omit<Completion, 'outcome'>,
  error: Error,
  isCancelled: IsCancelled = () => false,
): Promise<void> {
  const stored = storedError(error);
  if (isStored(kernel, completion, true))
    await kernel.results.store(record(kernel, completion, { status: 'REVOKED', result: stored }));
  await abandonRest(kernel, completion.message, 'REVOKED', stored, (member) =>
    reportRevokedPart(kernel, member, stored, isCancelled),
  );
}

/** Stores a state on the way: STARTED, or one of the task's own. */
export async function storeProgress(
  kernel: Kernel,
  completion: Omit<Completion, 'outcome'>,
  state: TaskState,
  meta: unknown,
): Promise<void> {
  await kernel.results.store({ ...record(kernel, completion, { status: state, result: meta }), dateDone: null });
}

/** Errors of an ignored task are stored where the task asks for it. */
export function isStored(
  kernel: Kernel,
  completion: Pick<Completion, 'message' | 'definition'>,
  isError: boolean,
): boolean {
  const { settings } = kernel;
  const options = completion.definition?.options;
  const ignored = completion.message.ignoreResult ?? options?.ignoreResult ?? settings.taskIgnoreResult;
  return !ignored || (isError && (options?.storeErrorsEvenIfIgnored ?? settings.taskStoreErrorsEvenIfIgnored));
}

/** Whether anybody gets the value of a task that succeeds: it is stored, counted by a chord, or what follows is given it. */
export function isValueUsed(kernel: Kernel, completion: Pick<Completion, 'message' | 'definition'>): boolean {
  return isStored(kernel, completion, false) || isPassedOn(completion.message);
}

function isPassedOn(message: TaskMessage): boolean {
  return message.chord !== null || hasContinuation(message);
}

function hasContinuation(message: TaskMessage): boolean {
  return message.callbacks !== null || (message.chain !== null && message.chain.length > 0);
}

const noChildren: ResultRecord['children'] = [];

/** What a document says of the outcome itself. */
interface Ending {
  readonly status: TaskState;
  readonly result: unknown;
  readonly traceback?: string | null | undefined;
  readonly children?: readonly ResultTuple[] | undefined;
}

/** Arguments are what makes an extended document larger than its value. */
function withoutCall({ extended, ...record }: RecordToStore): RecordToStore {
  return extended === undefined ? record : { ...record, extended: { ...extended, args: [], kwargs: {} } };
}

/** The error, or where it is too large to be stored an error that says so. */
function storableError(
  kernel: Kernel,
  { error, stored = storedError(error, kernel.results.errorClasses) }: Outcome & { kind: 'failure' },
): StoredError {
  try {
    kernel.results.assertStorable(stored);
    return stored;
  } catch (refusal) {
    return storedError(new BackendStoreError(`${error.name}: ${toError(refusal).message}`));
  }
}

function record(
  kernel: Kernel,
  completion: Omit<Completion, 'outcome'>,
  { status, result, traceback, children }: Ending,
): RecordToStore {
  const { message } = completion;
  const made: { -readonly [K in keyof RecordToStore]: RecordToStore[K] } = {
    taskId: message.id,
    status,
    result,
    traceback: traceback ?? null,
    children: children ?? noChildren,
    dateDone: readyStates.has(status) ? kernel.results.dateDone() : null,
  };
  if (message.group !== null) made.groupId = message.group;
  if (message.parentId !== null) made.parentId = message.parentId;
  if (message.replyTo !== null) made.replyTo = message.replyTo;
  if (kernel.settings.resultExtended) made.extended = extendedOf(completion);
  return made;
}

function extendedOf({ message, hostname, deliveryInfo }: Omit<Completion, 'outcome'>): ExtendedResult {
  return {
    name: message.task,
    args: message.args,
    kwargs: message.kwargs,
    worker: hostname,
    retries: message.retries,
    queue: deliveryInfo?.routingKey ?? '',
    ...(message.stampedHeaders === null ? {} : { stampedHeaders: message.stampedHeaders, stamps: message.stamps }),
  };
}
