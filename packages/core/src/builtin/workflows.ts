import type { Kernel } from '../app/kernel.js';
import { builtinNames } from '../canvas/builtin-names.js';
import { dispatch } from '../canvas/dispatch.js';
import { resultsOf } from '../canvas/results-of.js';
import { parseNode } from '../canvas/serialize.js';
import { type SignatureNode, withOptions } from '../canvas/signature-node.js';
import type { ResultTuple } from '../result/result-record.js';
import type { TaskDefinition } from '../task/task-definition.js';
import { builtin } from './builtin.js';

/** `celery.chain`: sends the chain. Its value is the result of the last step; Celery has the name for a task that it refuses to run. */
export function chainTask(kernel: Kernel): TaskDefinition {
  return builtin({
    name: builtinNames.chain,
    params: ['tasks'],
    run: (_ctx, tasks: unknown) => send(kernel, parseNode({ task: builtinNames.chain, kwargs: { tasks } })),
  });
}

/** `celery.group`: sends members that were frozen by the caller. Its value is the group's result as the caller knows it (celery 5.6 app/builtins.py, add_group_task). */
export function groupTask(kernel: Kernel): TaskDefinition {
  return builtin({
    name: builtinNames.group,
    params: ['tasks', 'result', 'group_id', 'partial_args', 'add_to_parent'],
    run: async (
      _ctx,
      tasks: unknown,
      result?: ResultTuple | null,
      groupId?: string | null,
      args?: readonly unknown[] | null,
      addToParent?: boolean | null,
    ) => {
      const group = withOptions(parseNode({ task: builtinNames.group, kwargs: { tasks } }), {
        addToParent: addToParent !== false,
        ...(groupId == null ? {} : { taskId: groupId }),
      });
      const sent = await send(kernel, group, args);
      return result ?? sent;
    },
  });
}

/** `celery.chord`: sends the header, and the body when it is done. Its value is the body's result (celery 5.6 app/builtins.py, add_chord_task). */
export function chordTask(kernel: Kernel): TaskDefinition {
  return builtin({
    name: builtinNames.chord,
    params: ['header', 'body', 'partial_args', 'interval', 'countdown', 'max_retries', 'eager'],
    run: (_ctx, header: unknown, body: unknown, args?: readonly unknown[] | null) =>
      send(kernel, parseNode({ task: builtinNames.chord, kwargs: { header, body } }), args),
  });
}

/** `celery.chunks`: sends the group of them (celery 5.6 app/builtins.py, add_chunk_task). */
export function chunksTask(kernel: Kernel): TaskDefinition {
  return builtin({
    name: builtinNames.chunks,
    params: ['task', 'it', 'n'],
    run: (_ctx, task: unknown, it: unknown, n: unknown) =>
      send(kernel, parseNode({ task: builtinNames.chunks, kwargs: { task, it, n } })),
  });
}

async function send(
  kernel: Kernel,
  node: SignatureNode,
  args: readonly unknown[] | null | undefined = [],
): Promise<ResultTuple> {
  return resultsOf(kernel, await dispatch(kernel, node, { args: args ?? [] })).asTuple();
}
