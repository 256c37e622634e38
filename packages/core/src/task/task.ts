import type { DropLast, OptionsOf, Signature, Trailing, Typed } from '../canvas/signature.js';
import type { AsyncResult, GroupResult } from '../result/result-handle.js';
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
  /**
   * One call that runs the task for each item, one after the other on one worker, and gives the list of what it returns: one message for many small calls, which have no
   * result, retry or event of their own. What an item throws fails the whole.
   */
  map(items: Iterable<FirstOf<A>>): Signature<readonly unknown[], R[]>;
  /** The same for items that are lists of arguments: `add.starmap([[1, 2], [3, 4]])`. */
  starmap(items: Iterable<A>): Signature<readonly unknown[], R[]>;
  /** A group of such calls with so many items each: `add.chunks(pairs, 100)`. Its result has a list for each chunk. */
  chunks(items: Iterable<A>, size: number): Signature<readonly unknown[], R[][], GroupResult<R[][]>>;
}

/** What a task takes that needs no more than one argument; of any other nothing is. */
type FirstOf<A extends readonly unknown[]> = A extends readonly [infer First, ...infer Rest]
  ? Rest extends readonly []
    ? First
    : Partial<Rest> extends Rest
      ? First
      : never
  : A extends readonly [_?: infer First, ...rest: infer _Rest]
    ? First
    : never;

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
