import { Conversation, type PythonAnswer } from './conversation.js';
import type { WorkflowCall, WorkflowNode } from '../workflows/workflow-node.js';
import type { PythonSite } from './python-site.js';

/** A result as the properties of Celery's `AsyncResult` tell it. */
export interface PythonResult {
  readonly state: string;
  /** An exception as its `repr`. */
  readonly info: unknown;
  readonly traceback: string | null;
  readonly name: string | null;
  readonly args: readonly unknown[] | null;
  readonly kwargs: Readonly<Record<string, unknown>> | null;
  readonly retries: number | null;
  readonly queue: string | null;
  readonly is_stored: boolean;
}

/** A program with Celery that sends workflows and reads results. */
export class CeleryClient implements AsyncDisposable {
  readonly #conversation: Conversation;

  constructor(python: string, site: PythonSite) {
    this.#conversation = new Conversation(python, 'client.py', site);
  }

  /** Sends a workflow and waits for its result. */
  call(node: WorkflowNode): Promise<PythonAnswer> {
    return this.#conversation.ask('run', node);
  }

  /** Sends a workflow; resolves with the id of its result. */
  send(node: WorkflowNode): Promise<string> {
    return this.#conversation.tell('send', node);
  }

  /** The same, with `Signature.stamp()` before it. */
  sendStamped(node: WorkflowNode, stamps: Readonly<Record<string, unknown>>): Promise<string> {
    return this.#conversation.tell('send_stamped', node, stamps);
  }

  /** The same in message protocol 1. */
  sendVersion1(node: WorkflowNode): Promise<string> {
    return this.#conversation.tell('send_version_1', node);
  }

  /** Sends a task once for each number. */
  sendMany(task: string, numbers: readonly number[], options: Readonly<Record<string, unknown>>): Promise<void> {
    return this.#conversation.tell('send_many', task, numbers, options);
  }

  /** `AsyncResult.get()`. */
  get(id: string): Promise<PythonAnswer> {
    return this.#conversation.ask('get', id);
  }

  look(id: string): Promise<PythonResult> {
    return this.#conversation.tell('look', id);
  }

  /** The stamps that are stored with a result, where results are extended. */
  stampsOf(id: string): Promise<Readonly<Record<string, unknown>>> {
    return this.#conversation.tell('stamps_of', id);
  }

  /** `AsyncResult.forget()`. */
  forget(id: string): Promise<void> {
    return this.#conversation.tell('forget', id);
  }

  /** Sends a task and resolves with its states and what came with each, as `AsyncResult.get(on_message=…)` tells them. */
  watch(node: WorkflowNode): Promise<readonly (readonly [state: string, result: unknown])[]> {
    return this.#conversation.tell('watch', node);
  }

  /** Stores that a task was revoked, as a Python worker does. */
  storeRevoked(id: string, reason: string): Promise<void> {
    return this.#conversation.tell('store_revoked', id, reason);
  }

  /** Sends a group and keeps it with `GroupResult.save()`; resolves with its id. */
  saveGroup(node: WorkflowNode): Promise<string> {
    return this.#conversation.tell('save_group', node);
  }

  /** The values of `GroupResult.restore(id)`. */
  restoreGroup(id: string): Promise<readonly unknown[]> {
    return this.#conversation.tell('restore_group', id);
  }

  /** Sends workflows; resolves with their results as `as_tuple()` gives them. */
  sendAll(calls: readonly WorkflowCall[]): Promise<readonly unknown[]> {
    return this.#conversation.tell('send_all', calls);
  }

  /** The values of `result_from_tuple(tuple)` for each. */
  readAll(tuples: readonly unknown[]): Promise<readonly unknown[]> {
    return this.#conversation.tell('read_all', tuples);
  }

  /** How tasks have ended, as `AsyncResult.get()` and `AsyncResult.state` tell it. */
  outcomes(ids: readonly string[]): Promise<readonly unknown[]> {
    return this.#conversation.tell('outcomes', ids);
  }

  /** Sends a workflow; resolves with its result as `as_tuple()` gives it. */
  sendForTuple(node: WorkflowNode): Promise<unknown> {
    return this.#conversation.tell('send_for_tuple', node);
  }

  /** The values of `result_from_tuple(tuple)` and of its parents, the last of the chain first. */
  fromTuple(tuple: unknown): Promise<readonly unknown[]> {
    return this.#conversation.tell('from_tuple', tuple);
  }

  /** The values of `AsyncResult(id).collect()`. */
  collect(id: string): Promise<readonly unknown[]> {
    return this.#conversation.tell('collect', id);
  }

  /** Ids of what a task has sent, `AsyncResult.children`. */
  children(id: string): Promise<readonly string[]> {
    return this.#conversation.tell('children', id);
  }

  /** `AbortableAsyncResult.abort()`. */
  abort(id: string): Promise<void> {
    return this.#conversation.tell('abort', id);
  }

  /** Sends a task for each value and resolves with what it returned; values are written as Python writes them. */
  echo(
    task: string,
    expressions: readonly string[],
    options: Readonly<Record<string, unknown>>,
  ): Promise<readonly string[]> {
    return this.#conversation.tell('echo', task, expressions, options);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#conversation[Symbol.asyncDispose]();
  }
}
