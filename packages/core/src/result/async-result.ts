import { durationMs } from '@ctq/runtime';
import { rebuildError } from './stored-error.js';
import type { AsyncResult, GetOptions, GroupResult } from './result-handle.js';
import type { ResultRecord, ResultTuple } from './result-record.js';
import type { ResultStore } from './result-store.js';
import { propagateStates, readyStates, type TaskState } from './states.js';

type Parent = AsyncResult<unknown> | GroupResult<unknown[]> | undefined;

export interface AsyncResultOptions {
  readonly parent?: Parent;
  readonly ignored?: boolean;
}

/** A handle on the outcome of one task, read from the backend whenever it is asked. */
export function asyncResult<R>(results: ResultStore, id: string, options?: AsyncResultOptions): AsyncResult<R> {
  if (id === '') throw new TypeError('A result needs the id of its task; it was given an empty one.');
  return new StoredResult<R>(results, id, options?.parent, options?.ignored ?? false);
}

/** A class because there is one for every call: its methods are made once. */
class StoredResult<R> implements AsyncResult<R> {
  readonly id: string;
  readonly parent: Parent;
  readonly ignored: boolean;
  readonly #results: ResultStore;

  constructor(results: ResultStore, id: string, parent: Parent, ignored: boolean) {
    this.#results = results;
    this.id = id;
    this.parent = parent;
    this.ignored = ignored;
  }

  get(options?: GetOptions): Promise<R> {
    if (this.ignored) return Promise.resolve(null as R);
    // The value went through the serializer, which is what R describes.
    return this.#results.wait(this.id, waitOptions(options)).then(valueOf) as Promise<R>;
  }

  record(): Promise<ResultRecord | undefined> {
    return this.#results.find(this.id);
  }

  async state(): Promise<TaskState> {
    return (await this.record())?.status ?? 'PENDING';
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

  async traceback(): Promise<string | null> {
    return (await this.record())?.traceback ?? null;
  }

  async forget(): Promise<void> {
    await Promise.all([this.#results.forget([this.id]), this.parent?.forget()]);
  }

  asTuple(): ResultTuple {
    return [[this.id, this.parent?.asTuple() ?? null], null];
  }
}

const forEver = {};

function waitOptions(options: GetOptions | undefined): { timeoutMs?: number; signal?: AbortSignal } {
  if (options === undefined) return forEver;
  return {
    ...(options.timeout === undefined ? {} : { timeoutMs: durationMs(options.timeout) }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  };
}

/** The value of a finished task, or its error thrown. */
export function valueOf(record: ResultRecord): unknown {
  if (propagateStates.has(record.status)) throw rebuildError(record.result, record.traceback, record.taskId);
  return record.result;
}
