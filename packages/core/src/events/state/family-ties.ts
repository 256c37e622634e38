import type { TaskRecord } from './task-record.js';

/** Who is the child of whom, also where the child is heard of first (celery 5.6 events/state.py, State._tasks_to_resolve). Only tasks that are known have ties. */
export class FamilyTies {
  /** By child. */
  readonly #parents = new Map<TaskRecord, string>();
  /** Children that are known, by the id of a parent that is not. */
  readonly #waiting = new Map<string, Set<TaskRecord>>();

  /** The child was heard of, with its parent's id. */
  tie(child: TaskRecord, parentId: string, parent: TaskRecord | undefined): void {
    if (this.#parents.get(child) !== parentId) {
      this.#untie(child);
      this.#parents.set(child, parentId);
    }
    if (parent !== undefined) parent.addChild(child);
    else this.#wait(child, parentId);
  }

  /** A task is known from now on: it is given the children that wait for it. */
  arrived(parent: TaskRecord): void {
    for (const child of this.#waiting.get(parent.uuid) ?? []) parent.addChild(child);
    this.#waiting.delete(parent.uuid);
  }

  /** A task is known no more. @param tasks those that are */
  forget(task: TaskRecord, tasks: ReadonlyMap<string, TaskRecord>): void {
    const parentId = this.#parents.get(task);
    if (parentId !== undefined) tasks.get(parentId)?.dropChild(task);
    this.#untie(task);
  }

  clear(): void {
    this.#parents.clear();
    this.#waiting.clear();
  }

  #wait(child: TaskRecord, parentId: string): void {
    const siblings = this.#waiting.get(parentId) ?? new Set();
    siblings.add(child);
    this.#waiting.set(parentId, siblings);
  }

  #untie(child: TaskRecord): void {
    const parentId = this.#parents.get(child);
    this.#parents.delete(child);
    if (parentId === undefined) return;
    const siblings = this.#waiting.get(parentId);
    siblings?.delete(child);
    if (siblings?.size === 0) this.#waiting.delete(parentId);
  }
}
