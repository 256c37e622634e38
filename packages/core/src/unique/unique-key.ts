import { createHash } from 'node:crypto';
import type { Kernel } from '../app/kernel.js';
import type { SendRequest } from '../sending/task-sender.js';
import { argumentsForKey } from '../task/arguments.js';
import type { UniqueCallOptions, UniqueKey } from './unique-options.js';
import { type GivenUnique, type Uniqueness, uniqueRules } from './unique-rules.js';

/** @throws TypeError, RangeError for options that cannot be meant, EncodeError for values that cannot be compared as JSON, what a key function throws. */
export function uniquenessOf(kernel: Kernel, request: SendRequest): Uniqueness | undefined {
  const own: GivenUnique | undefined = request.options.unique;
  const ofTask: GivenUnique | undefined = request.taskOptions?.unique;
  if (own === false || (own === undefined && (ofTask === undefined || ofTask === false))) return undefined;
  const rules = uniqueRules(request.task, ofTask, own);
  return { ...rules, key: `${request.task}.${digest(kernel, keyOf(kernel, request))}` };
}

function keyOf(kernel: Kernel, request: SendRequest): UniqueKey {
  const { args, kwargs, options, taskOptions, task } = request;
  const own = typeof options.unique === 'object' ? (options.unique satisfies UniqueCallOptions).key : undefined;
  if (own !== undefined) return own;
  const { unique } = taskOptions ?? {};
  const key = typeof unique === 'object' ? unique.key : undefined;
  if (key === undefined) return [args, kwargs];
  const definition = kernel.registry.get(task);
  return (key as (...given: readonly unknown[]) => UniqueKey)(...argumentsForKey(definition, args, kwargs));
}

/** Values are compared as JSON would carry them: what is the same for the receiver is the same here. */
function digest(kernel: Kernel, key: UniqueKey): string {
  const content = typeof key === 'string' ? key : kernel.content.encode(ordered(key), { serializer: 'json' }).body;
  return createHash('sha256')
    .update(typeof key === 'string' ? 'text' : 'values')
    .update(content)
    .digest('base64url');
}

/** The same value with the members of its objects in one order. */
function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (!isPlain(value)) return value;
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(
    members.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, member]) => [name, ordered(member)]),
  );
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return (prototype === Object.prototype || prototype === null) && !('toJSON' in value);
}
