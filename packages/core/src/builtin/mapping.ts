import type { Kernel } from '../app/kernel.js';
import { builtinNames } from '../canvas/builtin-names.js';
import { parseNode } from '../canvas/serialize.js';
import { createDirectContext } from '../execute/create-context.js';
import { bindArguments } from '../task/arguments.js';
import type { TaskContext } from '../task/task-context.js';
import type { TaskDefinition } from '../task/task-definition.js';
import { builtin } from './builtin.js';

/** `celery.map`: a task for each item, one after the other, called in place: no message, result or retry of its own (celery 5.6 app/builtins.py, add_map_task). */
export function mapTask(kernel: Kernel): TaskDefinition {
  return builtin({
    name: builtinNames.map,
    params: ['task', 'it'],
    run: (ctx, task: unknown, items: readonly unknown[]) => callForEach(kernel, ctx, task, items, (item) => [item]),
  });
}

/** `celery.starmap`: the same with items that are lists of arguments. */
export function starmapTask(kernel: Kernel): TaskDefinition {
  return builtin({
    name: builtinNames.starmap,
    params: ['task', 'it'],
    run: (ctx, task: unknown, items: readonly unknown[]) => callForEach(kernel, ctx, task, items, argumentsOf),
  });
}

async function callForEach(
  kernel: Kernel,
  { signal }: TaskContext,
  task: unknown,
  items: readonly unknown[],
  argsOf: (item: unknown) => readonly unknown[],
): Promise<readonly unknown[]> {
  const node = parseNode(task);
  if (node.kind !== 'task') throw new TypeError(`Only a task can be run for each item, not a ${node.kind}.`);
  if (!Array.isArray(items)) throw new TypeError('What a task is to be run for has to be a list.');
  const definition = kernel.registry.get(node.task);
  const values: unknown[] = [];
  for (const item of items) {
    signal.throwIfAborted();
    values.push(await callInPlace(kernel, definition, argsOf(item), signal));
  }
  return values;
}

async function callInPlace(
  { logger, clock }: Kernel,
  definition: TaskDefinition,
  args: readonly unknown[],
  signal: AbortSignal,
): Promise<unknown> {
  const bound = await bindArguments(definition, args, {});
  const run = definition.run as (...given: unknown[]) => unknown;
  if (definition.options.bind !== true) return await run(...bound);
  return await run(createDirectContext({ definition, args, logger, clock, signal }), ...bound);
}

function argumentsOf(item: unknown): readonly unknown[] {
  if (Array.isArray(item)) return item;
  throw new TypeError('An item of a starmap or of chunks has to be a list of arguments.');
}
