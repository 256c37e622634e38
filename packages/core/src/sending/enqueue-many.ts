import { CtqError, toError } from '@ctq/runtime';
import type { CallOptions } from './call-options.js';

/** One call of many: its arguments, or with options of its own over the common ones. */
export type BulkCall<A extends readonly unknown[]> = A | { readonly args: A; readonly options?: CallOptions };

/** Options for all calls, and how they are sent. */
export interface EnqueueManyOptions extends Omit<CallOptions, 'taskId' | 'signal'> {
  /** Calls that travel together. Default 1,000. */
  readonly batchSize?: number;
  /** Nothing more is read or sent when it is aborted; what is under way is awaited first. */
  readonly signal?: AbortSignal;
  /** Default false: a task that sends a million calls would store a million children. */
  readonly addToParent?: boolean;
}

/** Is given the handles of each batch that the broker has taken, in order; the next ones wait for it. */
export interface OnBatch<Handle> {
  readonly onBatch: (handles: readonly Handle[]) => void | Promise<void>;
}

/** Some of many calls could not be sent. What came after their batch was neither read nor sent. */
export class EnqueueManyError extends CtqError {
  static override readonly family: string = 'EnqueueManyError';
  /** Calls that the broker has taken. */
  readonly accepted: number;
  /** Calls that failed, by their position, with what they failed of. */
  readonly failures: readonly { readonly index: number; readonly error: Error }[];

  constructor(accepted: number, failures: readonly { readonly index: number; readonly error: Error }[]) {
    const [first] = failures;
    super(
      'CTQ_ENQUEUE_MANY',
      `${failures.length} of many calls could not be sent, the first at position ${first?.index}: ${first?.error.message} ${accepted} were sent.`,
      { cause: first?.error, details: { accepted, failed: failures.length } },
    );
    this.accepted = accepted;
    this.failures = failures;
  }
}

/** Two: while the broker takes one, the next is read and made. */
const batchesUnderWay = 2;
const defaultBatchSize = 1_000;

interface Batch<Handle> {
  readonly firstIndex: number;
  readonly settled: Promise<PromiseSettledResult<Handle>[]>;
}

/**
 * Sends calls in their order, batch by batch: no more is read from `calls` than two batches, so that a source without end is read as fast as the
 * broker takes it. The handles are gathered, or given to `onBatch`.
 * @throws EnqueueManyError for calls that could not be sent; the reason of the signal when it was aborted; what `calls` throws.
 */
export async function enqueueMany<Call, Handle>(
  calls: Iterable<Call> | AsyncIterable<Call>,
  send: (call: Call) => Promise<Handle>,
  { batchSize = defaultBatchSize, signal }: Pick<EnqueueManyOptions, 'batchSize' | 'signal'>,
  onBatch: (handles: readonly Handle[]) => void | Promise<void>,
): Promise<number> {
  if (!Number.isInteger(batchSize) || batchSize < 1)
    throw new RangeError(`A batch has at least one call, not ${batchSize}.`);
  const underWay: Batch<Handle>[] = [];
  let accepted = 0;
  let index = 0;
  const takeOldest = async (): Promise<void> => {
    const batch = underWay.shift();
    if (batch === undefined) return;
    const handles: Handle[] = [];
    const failures: { index: number; error: Error }[] = [];
    for (const [position, outcome] of (await batch.settled).entries()) {
      if (outcome.status === 'fulfilled') handles.push(outcome.value);
      else failures.push({ index: batch.firstIndex + position, error: toError(outcome.reason) });
    }
    accepted += handles.length;
    if (handles.length > 0) await onBatch(handles);
    if (failures.length > 0) throw new EnqueueManyError(accepted + (await acceptedOf(underWay)), failures);
  };
  try {
    for await (const batch of inBatches(calls, batchSize)) {
      signal?.throwIfAborted();
      underWay.push({ firstIndex: index, settled: Promise.allSettled(batch.map(send)) });
      index += batch.length;
      if (underWay.length >= batchesUnderWay) await takeOldest();
    }
    while (underWay.length > 0) await takeOldest();
    return accepted;
  } finally {
    await acceptedOf(underWay);
  }
}

async function acceptedOf<Handle>(batches: readonly Batch<Handle>[]): Promise<number> {
  const outcomes = await Promise.all(batches.map(({ settled }) => settled));
  return outcomes.flat().filter(({ status }) => status === 'fulfilled').length;
}

async function* inBatches<Call>(calls: Iterable<Call> | AsyncIterable<Call>, size: number): AsyncGenerator<Call[]> {
  let batch: Call[] = [];
  // A list is read without a turn of the event loop for each of its members.
  if (Symbol.iterator in calls) {
    for (const call of calls) {
      batch.push(call);
      if (batch.length < size) continue;
      yield batch;
      batch = [];
    }
  } else {
    for await (const call of calls) {
      batch.push(call);
      if (batch.length < size) continue;
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
}
