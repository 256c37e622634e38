import type { RevokeOptions } from '../revoke/revocation.js';
import { cancelWorkflow } from './cancel-workflow.js';
import { streamRecords } from './record-stream.js';
import type {
  AnyResult,
  JoinOptions,
  OrErrors,
  ResultCollection,
  TreeChange,
  WaitForOptions,
  WatchOptions,
} from './result-handle.js';
import type { ResultRecord } from './result-record.js';
import type { ResultStore } from './result-store.js';
import { propagateStates } from './states.js';
import { taskIdsOf } from './task-ids.js';
import { watchTree } from './watch-tree.js';

type Outcome = ResultRecord | readonly Outcome[];
type Records = ReadonlyMap<string, ResultRecord>;

/** Several results as one: what groups and sets have in common. */
export abstract class StoredCollection<R extends unknown[]> implements ResultCollection<R> {
  abstract readonly results: readonly AnyResult[];
  protected readonly store: ResultStore;

  constructor(store: ResultStore) {
    this.store = store;
  }

  get length(): number {
    return this.results.length;
  }

  [Symbol.iterator](): Iterator<AnyResult> {
    return this.results[Symbol.iterator]();
  }

  get(options: WaitForOptions = {}): Promise<R> {
    return this.#joinAsTheyCome(options) as Promise<R>;
  }

  joinNative(options?: JoinOptions & { readonly propagate?: true; readonly callback?: undefined }): Promise<R>;
  joinNative(options: JoinOptions & { readonly callback: (id: string, value: unknown) => void }): Promise<undefined>;
  joinNative(options: JoinOptions & { readonly callback?: undefined }): Promise<OrErrors<R>>;
  joinNative(options?: JoinOptions): Promise<unknown> {
    return this.#joinAsTheyCome(options ?? {});
  }

  join(options?: JoinOptions & { readonly propagate?: true; readonly callback?: undefined }): Promise<R>;
  join(options: JoinOptions & { readonly callback: (taskId: string, value: unknown) => void }): Promise<[]>;
  join(options: JoinOptions & { readonly callback?: undefined }): Promise<OrErrors<R>>;
  join(options?: JoinOptions): Promise<unknown> {
    return this.#joinInOrder(options ?? {});
  }

  async *iterNative(options: WaitForOptions = {}): AsyncGenerator<readonly [string, Outcome], void, undefined> {
    const records = new Map<string, ResultRecord>();
    const members = [...this.results];
    for await (const member of this.#arrivals(members, records, options)) {
      const outcome = outcomeOf(member, records);
      if (outcome !== undefined) yield [member.id, outcome];
    }
  }

  async ready(): Promise<boolean> {
    return (await this.#ask((result) => result.ready())).every(Boolean);
  }

  async successful(): Promise<boolean> {
    return (await this.#ask((result) => result.successful())).every(Boolean);
  }

  async failed(): Promise<boolean> {
    return (await this.#ask((result) => result.failed())).some(Boolean);
  }

  async waiting(): Promise<boolean> {
    return !(await this.ready());
  }

  async completedCount(): Promise<number> {
    return (await this.#ask((result) => result.successful())).filter(Boolean).length;
  }

  async maybeThrow(): Promise<void> {
    const checks = this.results.map((result) => result.maybeThrow());
    for (const check of checks) check.catch(() => undefined);
    for (const check of checks) await check;
  }

  async forget(): Promise<void> {
    await Promise.all(this.results.map((result) => result.forget()));
  }

  cancel(options: RevokeOptions = {}): Promise<void> {
    return cancelWorkflow(this.store, this.whole, options);
  }

  watchTree(options: WatchOptions = {}): AsyncGenerator<TreeChange, void, undefined> {
    return watchTree(this.store, this.whole, options);
  }

  /** What the workflow is made of. */
  protected get whole(): readonly AnyResult[] {
    return this.results;
  }

  #ask(question: (result: AnyResult) => Promise<boolean>): Promise<boolean[]> {
    return Promise.all(this.results.map(question));
  }

  /** celery 5.6 result.py, join_native. */
  async #joinAsTheyCome({ propagate = true, callback, ...options }: JoinOptions): Promise<unknown> {
    const records = new Map<string, ResultRecord>();
    const members = [...this.results];
    for await (const member of this.#arrivals(members, records, options, propagate)) {
      callback?.(member.id, this.#valueOf(member, records, propagate));
    }
    return callback === undefined ? members.map((member) => this.#valueOf(member, records, propagate)) : undefined;
  }

  /** celery 5.6 result.py, join. */
  async #joinInOrder({ propagate = true, callback, ...options }: JoinOptions): Promise<unknown[]> {
    const records = new Map<string, ResultRecord>();
    const members = [...this.results];
    const values: unknown[] = [];
    const here = new Set<AnyResult>();
    let next = 0;
    for await (const arrived of this.#arrivals(members, records, options)) {
      here.add(arrived);
      for (let member = members[next]; member !== undefined && here.has(member); member = members[next]) {
        const value = this.#valueOf(member, records, propagate);
        if (callback === undefined) values.push(value);
        else callback(member.id, value);
        next += 1;
      }
    }
    return values;
  }

  /** Members as they are complete; those of whom nothing will be stored at once. `failFast`: an error inside of a member that is not complete is thrown too. */
  async *#arrivals(
    members: readonly AnyResult[],
    records: Map<string, ResultRecord>,
    options: WaitForOptions,
    failFast = false,
  ): AsyncGenerator<AnyResult, void, undefined> {
    const owners = new Map<string, Member[]>();
    const ids = members.map((result) => new Set(taskIdsOf(result)));
    for (const [index, result] of members.entries()) {
      const member: Member = { result, missing: ids[index]?.size ?? 0 };
      for (const id of ids[index] ?? []) owners.set(id, [...(owners.get(id) ?? []), member]);
    }
    for (const [index, result] of members.entries()) if (ids[index]?.size === 0) yield result;
    for await (const record of streamRecords(this.store, [...owners.keys()], options)) {
      records.set(record.taskId, record);
      if (failFast && propagateStates.has(record.status)) throw this.store.errorOf(record);
      for (const member of owners.get(record.taskId) ?? []) {
        member.missing -= 1;
        if (member.missing === 0) yield member.result;
      }
    }
  }

  #valueOf(result: AnyResult, records: Records, propagate: boolean): unknown {
    if ('results' in result) return result.results.map((member) => this.#valueOf(member, records, propagate));
    const record = records.get(result.id);
    if (record === undefined) return null;
    if (!propagateStates.has(record.status)) return record.result;
    const error = this.store.errorOf(record);
    if (propagate) throw error;
    return error;
  }
}

interface Member {
  readonly result: AnyResult;
  missing: number;
}

/** Undefined for what nothing is stored of. */
function outcomeOf(result: AnyResult, records: Records): Outcome | undefined {
  if (!('results' in result)) return records.get(result.id);
  return result.results.map((member) => outcomeOf(member, records)).filter((outcome) => outcome !== undefined);
}
