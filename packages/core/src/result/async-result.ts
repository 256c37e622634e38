import type { UniqueConflict } from '../unique/unique-options.js';
import type { RevokeOptions } from '../revoke/revocation.js';
import { abortTask } from './abort-task.js';
import { cancelWorkflow } from './cancel-workflow.js';
import { groupResult } from './group-result.js';
import type {
  AnyResult,
  AsyncResult,
  GetOptions,
  ResultGraph,
  StateChange,
  TreeChange,
  TreeOptions,
  WaitForOptions,
  WatchOptions,
} from './result-handle.js';
import type { ExtendedResult, ResultRecord, ResultTuple } from './result-record.js';
import type { ResultStore } from './result-store.js';
import { taskIdOf, taskIdsOf } from './task-ids.js';
import { collectTree, graphOf, leafOf, walkTree } from './result-tree.js';
import { exceptionStates, propagateStates, readyStates, type TaskState } from './states.js';
import { assertMayWait } from './wait-limits.js';
import { tupleBefore } from './tuple-before.js';
import { waitForRecord } from './wait-for-record.js';
import { watchStates } from './watch-states.js';
import { watchTree } from './watch-tree.js';

export interface AsyncResultOptions {
  readonly parent?: AnyResult | undefined;
  readonly ignored?: boolean;
  /** How the call met another one with its key, as soon as that is known. */
  readonly fate?: CallFate;
}

export interface CallFate {
  readonly conflict: UniqueConflict | undefined;
}

/** A handle on the outcome of one task, read from the backend whenever it is asked. */
export function asyncResult<R>(results: ResultStore, id: string, options?: AsyncResultOptions): AsyncResult<R> {
  if (id === '') throw new TypeError('A result needs the id of its task; it was given an empty one.');
  return new StoredResult<R>(results, id, options);
}

/**
 * A result out of its tuple, as `asTuple` and Celery's `as_tuple` make it (celery 5.6 result.py, result_from_tuple: an id may stand without its parent).
 * @throws TypeError for anything else.
 */
export function resultFromTuple(results: ResultStore, tuple: unknown): AnyResult {
  const tuples: readonly OpenTuple[] = withParents(tuple);
  let result: AnyResult | undefined;
  for (const { id, members } of tuples) result = resultOf(results, id, members, result);
  return result as AnyResult;
}

interface OpenTuple {
  readonly id: string;
  /** Tuples of the members of a group. */
  readonly members: readonly unknown[] | null;
}

/** A tuple and those of the results before it, the first of all in front. Not by recursion: chains are long. */
function withParents(tuple: unknown): readonly OpenTuple[] {
  const found: OpenTuple[] = [];
  for (let next = tuple; ; ) {
    if (!Array.isArray(next) || next.length < 1) throw notATuple(next);
    const [own, members = null] = next as readonly unknown[];
    const [id, parent = null] = Array.isArray(own) ? (own as readonly unknown[]) : [own];
    if (typeof id !== 'string' || id === '' || (members !== null && !Array.isArray(members))) throw notATuple(next);
    found.push({ id, members });
    if (parent === null) return found.reverse();
    next = parent;
  }
}

function resultOf(
  results: ResultStore,
  id: string,
  members: readonly unknown[] | null,
  parent: AnyResult | undefined,
): AnyResult {
  if (members === null) return asyncResult(results, id, { parent });
  return groupResult(
    results,
    id,
    members.map((member) => resultFromTuple(results, member)),
    { parent },
  );
}

function notATuple(value: unknown): TypeError {
  return new TypeError(
    `Not the tuple of a result, [[id, parent], members]: ${JSON.stringify(value)?.slice(0, 100) ?? typeof value}`,
  );
}

/** A class because there is one for every call: its methods are made once. */
class StoredResult<R> implements AsyncResult<R> {
  readonly id: string;
  readonly parent: AnyResult | undefined;
  readonly #results: ResultStore;
  readonly #ignored: boolean;
  readonly #fate: CallFate | undefined;

  constructor(results: ResultStore, id: string, options: AsyncResultOptions | undefined) {
    this.#results = results;
    this.id = id;
    this.parent = options?.parent;
    this.#ignored = options?.ignored ?? false;
    this.#fate = options?.fate;
  }

  get ignored(): boolean {
    return this.#ignored || this.conflict?.outcome === 'dropped';
  }

  get conflict(): UniqueConflict | undefined {
    return this.#fate?.conflict;
  }

  /** Whose outcome it is. */
  get #taskId(): string {
    return taskIdOf(this);
  }

  get(options?: GetOptions & { readonly propagate?: true }): Promise<R>;
  get(options?: GetOptions): Promise<R | Error>;
  async get(options: GetOptions = forEver): Promise<R | Error> {
    if (this.ignored) return null as R;
    assertMayWait(options);
    const { propagate = true, followParents = true, callback } = options;
    const parents = propagate && followParents && this.parent !== undefined ? taskIdsBefore(this) : [];
    const record = await waitForRecord(this.#results, this.#taskId, parents, options);
    const isError = propagateStates.has(record.status);
    if (isError && propagate) throw this.#results.errorOf(record);
    // The value went through the serializer, which is what R describes.
    const value = isError ? this.#results.errorOf(record) : (record.result as R);
    callback?.(this.id, value);
    return value;
  }

  record(): Promise<ResultRecord | undefined> {
    return this.#results.find(this.#taskId);
  }

  async state(): Promise<TaskState> {
    return (await this.record())?.status ?? 'PENDING';
  }

  async exists(): Promise<boolean> {
    return (await this.record()) !== undefined;
  }

  async result(): Promise<unknown> {
    const record = await this.record();
    if (record === undefined) return null;
    return exceptionStates.has(record.status) ? this.#results.errorOf(record) : record.result;
  }

  async ready(): Promise<boolean> {
    return readyStates.has(await this.state());
  }

  async successful(): Promise<boolean> {
    return (await this.state()) === 'SUCCESS';
  }

  async failed(): Promise<boolean> {
    return (await this.state()) === 'FAILURE';
  }

  async maybeThrow(): Promise<void> {
    const record = await this.record();
    if (record !== undefined && propagateStates.has(record.status)) throw this.#results.errorOf(record);
  }

  async traceback(): Promise<string | null> {
    return (await this.record())?.traceback ?? null;
  }

  async dateDone(): Promise<Date | null> {
    const date = (await this.record())?.dateDone;
    return date === undefined || date === null ? null : new Date(date);
  }

  async extended(): Promise<ExtendedResult | undefined> {
    return (await this.record())?.extended;
  }

  async children(): Promise<readonly AnyResult[] | null> {
    const children = (await this.record())?.children ?? null;
    return children === null ? null : children.map((child) => resultFromTuple(this.#results, child));
  }

  abort(): Promise<boolean> {
    return abortTask(this.#results, this.id);
  }

  watch(options: WatchOptions = forEver): AsyncGenerator<StateChange<R>, void, undefined> {
    return watchStates<R>(this.#results, this.#taskId, options);
  }

  cancel(options: RevokeOptions = forEver): Promise<void> {
    return cancelWorkflow(this.#results, [this], options);
  }

  watchTree(options: WatchOptions = forEver): AsyncGenerator<TreeChange, void, undefined> {
    return watchTree(this.#results, [this], options);
  }

  iterdeps(
    options: TreeOptions = forEver,
  ): AsyncGenerator<readonly [AnyResult | undefined, AnyResult], void, undefined> {
    return walkTree(this, options);
  }

  collect(
    options: TreeOptions & WaitForOptions = forEver,
  ): AsyncGenerator<readonly [AnyResult, unknown], void, undefined> {
    return collectTree(this, options);
  }

  getLeaf(options: TreeOptions & WaitForOptions = forEver): Promise<unknown> {
    return leafOf(this, options);
  }

  graph(options: TreeOptions = forEver): Promise<ResultGraph> {
    return graphOf(this, options);
  }

  async forget(): Promise<void> {
    await Promise.all([this.#results.forget([this.#taskId]), forgetAll(this.parent)]);
  }

  toJSON(): ResultTuple {
    return this.asTuple();
  }

  asTuple(): ResultTuple {
    return [[this.id, tupleBefore(this)], null];
  }

  asList(): readonly string[] {
    return [this.id, ...(this.parent?.asList() ?? [])];
  }
}

const forEver = {};

async function forgetAll(result: AnyResult | undefined): Promise<void> {
  await result?.forget();
}

/** Of everything before it in its chain with which it fails. */
function taskIdsBefore(result: AnyResult): readonly string[] {
  const ids: string[] = [];
  for (let node = result.parent; node !== undefined; node = node.parent) {
    if (!('results' in node && node.mayFail)) ids.push(...taskIdsOf(node));
  }
  return ids;
}
