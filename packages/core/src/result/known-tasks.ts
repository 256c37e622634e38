import type { AnyResult, AsyncResult } from './result-handle.js';

/** The tasks of a workflow as far as they are known, by results that lead to one another. */
export class KnownTasks {
  readonly #seen = new Set<AnyResult>();
  readonly #tasks = new Set<string>();
  /** Of a task or group, what comes after it. */
  readonly #followers = new Map<string, AnyResult[]>();
  /** Of a task or group, the groups that it is a member of. */
  readonly #groups = new Map<string, string[]>();
  /** Tasks and groups that will not begin, and those that cannot succeed any more. */
  readonly #abandoned = new Set<AnyResult>();
  readonly #unsuccessful = new Set<string>();

  /** Adds results, all those before them, and members of groups. Gives the tasks that are new. */
  add(results: readonly AnyResult[]): readonly AsyncResult<unknown>[] {
    const found: AsyncResult<unknown>[] = [];
    const open = [...results];
    for (let result = open.pop(); result !== undefined; result = open.pop()) {
      if (this.#seen.has(result)) continue;
      this.#seen.add(result);
      const { id, parent } = result;
      if (parent !== undefined) {
        append(this.#followers, parent.id, result);
        open.push(parent);
      }
      if ('results' in result) {
        for (const member of result.results) {
          append(this.#groups, member.id, id);
          open.push(member);
        }
      } else if (!this.#tasks.has(id)) {
        this.#tasks.add(id);
        found.push(result);
      }
    }
    return found.reverse();
  }

  /**
   * What will not begin because a task was not successful. Gives the ids of tasks that were not given before; some of them may have ended all the same.
   */
  after(unsuccessfulId: string): readonly string[] {
    const abandoned: string[] = [];
    const ended = [unsuccessfulId];
    for (let id = ended.pop(); id !== undefined; id = ended.pop()) {
      if (this.#unsuccessful.has(id)) continue;
      this.#unsuccessful.add(id);
      for (const group of this.#groups.get(id) ?? []) ended.push(group);
      for (const task of this.#abandon(this.#followers.get(id) ?? [])) {
        abandoned.push(task.id);
        ended.push(task.id);
      }
    }
    return abandoned;
  }

  /** The tasks of results that will not begin: of a group all members, and what leads to those. */
  #abandon(results: readonly AnyResult[]): readonly AsyncResult<unknown>[] {
    const tasks: AsyncResult<unknown>[] = [];
    const open = [...results];
    for (let result = open.pop(); result !== undefined; result = open.pop()) {
      if (this.#abandoned.has(result)) continue;
      this.#abandoned.add(result);
      if (!('results' in result)) {
        tasks.push(result);
        continue;
      }
      for (const member of result.results) {
        open.push(member);
        if (member.parent !== undefined) open.push(...stepsBefore(member));
      }
    }
    return tasks;
  }
}

function stepsBefore(result: AnyResult): readonly AnyResult[] {
  const steps: AnyResult[] = [];
  for (let { parent } = result; parent !== undefined; { parent } = parent) steps.push(parent);
  return steps;
}

function append<Value>(lists: Map<string, Value[]>, key: string, value: Value): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
