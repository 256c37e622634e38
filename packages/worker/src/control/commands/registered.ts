import { camelCase, type TaskDefinition } from '@ctq/core';
import { valueRepr } from '../python-repr.js';
import type { CommandScope } from '../command-scope.js';
import { inspectCommand, type WorkerCommand } from '../worker-command.js';

/** celery 5.6 worker/control.py, DEFAULT_TASK_INFO_ITEMS. */
const defaultItems = ['exchange', 'routing_key', 'rate_limit'];

export const registered: WorkerCommand = inspectCommand({
  name: 'registered',
  alias: 'dump_tasks',
  args: { taskinfoitems: 'text[]', builtins: 'boolean' },
  variadic: 'taskinfoitems',
  signature: '[attr1 [attr2 [... [attrN]]]]',
  help: 'List of registered tasks.',
  run(scope, { taskinfoitems = [], builtins = false }) {
    const { registry } = scope.kernel;
    const items = taskinfoitems.length === 0 ? defaultItems : taskinfoitems;
    const names = builtins ? [...registry.names, ...registry.builtinNames].sort() : registry.names;
    return names
      .filter((name) => builtins || !name.startsWith('celery.'))
      .map((name) => describe(scope, registry.get(name), items));
  },
});

/** `name [attr=value attr2=value]`: what is None, or nobody knows, is left out. */
function describe(scope: CommandScope, definition: TaskDefinition, items: readonly string[]): string {
  const attributes = attributesOf(scope, definition);
  const shown = items.flatMap((item) => {
    const value = attributes[camelCase(item)];
    return isShown(value) ? [`${item}=${typeof value === 'string' ? value : valueRepr(value)}`] : [];
  });
  return shown.length === 0 ? definition.name : `${definition.name} [${shown.join(' ')}]`;
}

/** As they are in force, and Celery's defaults. */
function attributesOf(
  { kernel, workplace, consumer }: CommandScope,
  definition: TaskDefinition,
): Readonly<Record<string, unknown>> {
  const { options, name } = definition;
  const { settings } = kernel;
  const policy = workplace.policyOf(definition);
  const { softMs, hardMs } = policy.limits;
  return {
    ...{ maxRetries: 3, defaultRetryDelay: 180, serializer: settings.taskSerializer },
    ...{ ignoreResult: settings.taskIgnoreResult, trackStarted: policy.tracksStarted, acksLate: policy.acksLate },
    ...options,
    ...{ name, rateLimit: consumer.rateLimitOf(definition) },
    timeLimit: hardMs === undefined ? undefined : hardMs / 1_000,
    softTimeLimit: softMs === undefined ? undefined : softMs / 1_000,
  };
}

/** Functions and objects of the program are nobody's business. */
function isShown(value: unknown): boolean {
  return ['string', 'number', 'boolean'].includes(typeof value);
}
