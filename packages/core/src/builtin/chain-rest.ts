import type { Kernel } from '../app/kernel.js';
import { builtinNames } from '../canvas/builtin-names.js';
import { loadRest } from '../canvas/chain-rest.js';
import { sendContinuations } from '../execute/continuations.js';
import type { TaskDefinition } from '../task/task-definition.js';
import { builtin } from './builtin.js';

/**
 * `ctq.chain_rest`: goes on with the rest of a chain that waits in the store, with the result of the step before it. Sent by Python workers, which run the step before it; those of ctq
 * look into the store themselves.
 */
export function chainRestTask(kernel: Kernel): TaskDefinition {
  return builtin({
    name: builtinNames.chainRest,
    params: ['result', 'key'],
    run: async ({ request }, result: unknown, key: string) => {
      const { id, rootId, replyTo } = request;
      const from = { id, rootId, replyTo, callbacks: null, chain: await loadRest(kernel, key) };
      await sendContinuations(kernel, from, result, undefined);
      return result;
    },
  });
}
