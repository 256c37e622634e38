import { durationMs, toError } from '@ctq/runtime';
import type { Kernel } from '../app/kernel.js';
import { builtinNames } from '../canvas/builtin-names.js';
import { freeze, freezing } from '../canvas/freeze.js';
import { parseNode } from '../canvas/serialize.js';
import { mayRecover } from '../errors/may-recover.js';
import { ChordError } from '../errors/task-errors.js';
import { allowJoinResult } from '../execute/current-task.js';
import { failBody, failStep, sendBody } from '../execute/chord-part.js';
import { errorRepr } from '../protocol/error-repr.js';
import { resultFromTuple } from '../result/async-result.js';
import { groupResult } from '../result/group-result.js';
import type { AnyResult, GroupResult } from '../result/result-handle.js';
import { storedError } from '../result/stored-error.js';
import type { TaskContext } from '../task/task-context.js';
import type { TaskDefinition } from '../task/task-definition.js';
import { builtin } from './builtin.js';

/**
 * `celery.chord_unlock`: looks again and again whether the header of a chord is done, then sends its body. Python sends it where its result backend cannot count (a database,
 * files); ctq counts over any key-value store, and runs it for others (celery 5.6 app/builtins.py, add_unlock_chord_task).
 */
export function chordUnlockTask(kernel: Kernel): TaskDefinition {
  return builtin({
    name: builtinNames.chordUnlock,
    params: ['group_id', 'callback', 'interval', 'max_retries', 'result'],
    ignoreResult: true,
    run: async (
      ctx,
      groupId: string,
      callback: unknown,
      interval?: number | null,
      maxRetries?: number | null,
      results?: readonly unknown[] | null,
    ) => {
      const members = (results ?? []).map((tuple) => resultFromTuple(kernel.results, tuple));
      const header = groupResult<unknown[]>(kernel.results, groupId, members);
      const again = {
        countdown: interval ?? durationMs(kernel.settings.resultChordRetryInterval) / 1_000,
        maxRetries: maxRetries ?? null,
      };
      const isReady = await header.ready().catch((error: unknown) => {
        throw ctx.retry({ ...again, error: toError(error), throw: false });
      });
      if (!isReady) throw ctx.retry({ ...again, throw: false });
      try {
        await conclude(kernel, ctx, header, callback);
      } catch (thrown) {
        const error = toError(thrown);
        // The broker or the store is away.
        throw mayRecover(error) ? ctx.retry({ ...again, error, throw: false }) : error;
      }
    },
  });
}

async function conclude(
  kernel: Kernel,
  { request }: TaskContext,
  header: GroupResult<unknown[]>,
  callback: unknown,
): Promise<void> {
  const { node: body } = freeze(parseNode(callback), freezing(kernel, request.replyTo));
  const { id, replyTo } = request;
  const rootId = request.rootId ?? id;
  const timeout = kernel.settings.resultChordJoinTimeout;
  let values: readonly unknown[];
  try {
    values = await allowJoinResult(() => header.joinNative({ timeout }));
  } catch (thrown) {
    const cause = toError(thrown);
    const culprit = await firstFailed(header.results);
    if (culprit !== undefined) return await failBody(kernel, body, cause, { failedId: culprit.id, rootId, replyTo });
    // Revoked, or not to be had in time.
    const error = storedError(new ChordError(errorRepr(cause), { cause }));
    return await failStep(kernel, body, error, { failedId: id, rootId, replyTo });
  }
  await sendBody(kernel, body, values, { id, rootId, replyTo });
}

async function firstFailed(results: readonly AnyResult[]): Promise<AnyResult | undefined> {
  const failed = await Promise.all(results.map((result) => result.failed()));
  return results[failed.indexOf(true)];
}
