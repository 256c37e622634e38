import { type RevokeOptions, rootRevocationsOf } from '../revoke/revocation.js';
import { KnownTasks } from './known-tasks.js';
import type { AnyResult } from './result-handle.js';
import type { ResultStore } from './result-store.js';
import { taskIdOf } from './task-ids.js';

/**
 * Revokes all tasks of a workflow, with what they send and what follows them. What is known by its handles goes first. What tasks have sent that have ended by now is found in their
 * results: where the workflow began inside of a task, its messages have the root of that task, and only their parents tell that they are part of it.
 */
export async function cancelWorkflow(
  results: ResultStore,
  roots: readonly AnyResult[],
  options: RevokeOptions,
): Promise<void> {
  const known = new KnownTasks();
  for (let found = known.add(roots); found.length > 0; ) {
    const ids = found.map(taskIdOf);
    await results.revoke(rootRevocationsOf(ids, results.clock.now(), options));
    const records = await Promise.all(ids.map((id) => results.find(id)));
    const children = records.flatMap((record) => record?.children ?? []);
    found = known.add(children.map((child) => results.handleOf(child)));
  }
}
