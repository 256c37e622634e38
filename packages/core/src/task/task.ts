import type { DropLast, OptionsOf, Signature, Trailing, Typed } from '../canvas/signature.js';
import type { AsyncResult } from '../result/result-handle.js';
import type { BulkCall, EnqueueManyOptions, OnBatch } from '../sending/enqueue-many.js';
import type { TaskOptions } from './task-options.js';
import type { Wire } from './wire.js';

/** What can be sent, whether or not its function is here. */
export interface RemoteTask<A extends readonly unknown[], R> extends Typed<A, R> {
  /** The name on the wire. */
  readonly taskName: string;
  /** Sends the call with default options. */
  delay(...args: A): Promise<AsyncResult<R>>;
  applyAsync(args: A, options?: OptionsOf<R>): Promise<AsyncResult<R>>;
  /**
   * Sends many calls, in their order, in batches that travel together; a source is read no faster than the broker takes what it gives. Resolves with
   * all handles; with `onBatch`, which is given them batch by batch, with their number.
   * @throws EnqueueManyError, which says which calls were not sent.
   */
  enqueueMany(
    calls: Iterable<BulkCall<A>> | AsyncIterable<BulkCall<A>>,
    options: EnqueueManyOptions & OnBatch<AsyncResult<R>>,
  ): Promise<number>;
  enqueueMany(
    calls: Iterable<BulkCall<A>> | AsyncIterable<BulkCall<A>>,
    options?: EnqueueManyOptions,
  ): Promise<AsyncResult<R>[]>;
  /** A signature that has the given arguments; what a chain feeds comes in front of them. */
  s<const G extends Trailing<A>>(...given: G): Signature<DropLast<A, G>, R>;
  /** An immutable signature: it has all its arguments and ignores what comes before it. */
  si(...args: A): Signature<readonly unknown[], R>;
}

/** A task whose function is here: calling it runs it, in place, without a broker. */
export interface Task<A extends readonly unknown[], Returned> extends RemoteTask<A, Wire<Awaited<Returned>>> {
  (...args: A): Returned;
  readonly options: TaskOptions;
}

/** Any task, for registries and inspection. */
export interface AnyTask {
  readonly taskName: string;
  readonly options: TaskOptions;
}
