import type { AnyResult, AsyncResult } from './result-handle.js';

/** The tasks of a workflow as far as they are known, by results that lead to one another. */
export class KnownTasks {
  readonly #seen = new Set<AnyResult>();
  readonly #tasks = new Set<string>();
  /** Of a task or group, what comes after it. */
  readonly #followers = new Map<string, AnyResult[]>();
  /** Of a task or group, the groups that fail with it. */
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
          if (!result.mayFail) append(this.#groups, member.id, id);
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
      for (const result of this.#abandon(this.#followers.get(id) ?? [])) {
        if (!('results' in result)) abandoned.push(result.id);
        ended.push(result.id);
      }
    }
    return abandoned;
  }

  /** Results that will not begin: of a group all members as well, and what leads to those. */
  #abandon(results: readonly AnyResult[]): readonly AnyResult[] {
    const abandoned: AnyResult[] = [];
    const open = [...results];
    for (let result = open.pop(); result !== undefined; result = open.pop()) {
      if (this.#abandoned.has(result)) continue;
      this.#abandoned.add(result);
      abandoned.push(result);
      if (!('results' in result)) continue;
      for (const member of result.results)
        for (let step: AnyResult | undefined = member; step !== undefined; step = step.parent) open.push(step);
    }
    return abandoned;
  }
}

function append<Value>(lists: Map<string, Value[]>, key: string, value: Value): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
