import { randomUUID } from 'node:crypto';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Kernel } from '../app/kernel.js';
import { builtinNames } from '../canvas/builtin-names.js';
import { checkedChunkSize } from '../canvas/chunks.js';
import { createSignature } from '../canvas/create-signature.js';
import { mappedNode } from '../canvas/mapped.js';
import { serializeNode } from '../canvas/serialize.js';
import type { TaskNode } from '../canvas/signature-node.js';
import { createDirectContext } from '../execute/create-context.js';
import { sendAsChild } from '../execute/send-as-child.js';
import type { AsyncResult } from '../result/result-handle.js';
import type { CallOptions } from '../sending/call-options.js';
import { type BulkCall, enqueueMany, type EnqueueManyOptions, type OnBatch } from '../sending/enqueue-many.js';
import { resultOfCall } from '../sending/result-of-call.js';
import type { AnyTask, RemoteTask, Task } from './task.js';
import type { TaskDefinition } from './task-definition.js';

/** How calls of a task become messages: as positions, or (a task with a schema) one object as keyword arguments. */
interface CallShape {
  readonly taskName: string;
  readonly takesObject: boolean;
}

/** The callable that `app.task` returns. Its type parameters are those of the author's function. */
export function createTask<A extends readonly unknown[], Returned>(
  kernel: Kernel,
  definition: TaskDefinition,
): Task<A, Returned> & AnyTask {
  const run = definition.run as (...args: unknown[]) => unknown;
  const call = (...args: unknown[]): unknown => {
    const input = definition.schema === undefined ? args : [validatedNow(definition, definition.schema, args[0])];
    if (definition.options.bind !== true) return run(...input);
    const { logger, clock } = kernel;
    return run(createDirectContext({ definition, args, logger, clock }), ...input);
  };
  Object.defineProperty(call, 'name', { value: definition.name });
  const methods = remoteTask(kernel, { taskName: definition.name, takesObject: definition.schema !== undefined });
  return Object.assign(call, methods, { options: definition.options }) as unknown as Task<A, Returned> & AnyTask;
}

/** What a program without the task's function can do with it. */
export function remoteTask<A extends readonly unknown[], R>(kernel: Kernel, shape: CallShape): RemoteTask<A, R> {
  const applyAsync = async (args: readonly unknown[], options: CallOptions = {}): Promise<AsyncResult<R>> => {
    const id = options.taskId ?? randomUUID();
    const { positions, kwargs } = split(shape, args);
    const taskOptions = kernel.registry.find(shape.taskName)?.options;
    const conflict = await sendAsChild(kernel, {
      task: shape.taskName,
      id,
      args: positions,
      kwargs,
      options,
      placement: noPlacement,
      ...(taskOptions === undefined ? {} : { taskOptions }),
    });
    return resultOfCall(kernel, id, options, taskOptions, conflict);
  };
  const enqueue = async (
    calls: Iterable<BulkCall<A>> | AsyncIterable<BulkCall<A>>,
    { batchSize, signal, onBatch, ...shared }: EnqueueManyOptions & Partial<OnBatch<AsyncResult<R>>> = {},
  ): Promise<number | AsyncResult<R>[]> => {
    const gathered: AsyncResult<R>[] = [];
    const common: CallOptions = { addToParent: false, ...shared };
    const count = await enqueueMany(
      calls,
      (call) => (isList(call) ? applyAsync(call, common) : applyAsync(call.args, { ...common, ...call.options })),
      { ...(batchSize === undefined ? {} : { batchSize }), ...(signal === undefined ? {} : { signal }) },
      onBatch ??
        ((handles) => {
          for (const handle of handles) gathered.push(handle);
        }),
    );
    return onBatch === undefined ? gathered : count;
  };
  const node = (args: readonly unknown[], immutable: boolean): TaskNode => {
    const { positions, kwargs } = split(shape, args);
    return { kind: 'task', task: shape.taskName, args: positions, kwargs, options: {}, immutable };
  };
  const bare = serializeNode(node([], false));
  return {
    taskName: shape.taskName,
    delay: (...args) => applyAsync(args),
    applyAsync,
    enqueueMany: enqueue as RemoteTask<A, R>['enqueueMany'],
    s: (...given: readonly unknown[]) => createSignature(kernel, node(given, false)),
    si: (...args) => createSignature(kernel, node(args, true)),
    map: (items) => createSignature(kernel, mappedNode(builtinNames.map, bare, items)),
    starmap: (items) => createSignature(kernel, mappedNode(builtinNames.starmap, bare, items)),
    chunks: (items, size) =>
      createSignature(kernel, {
        ...{ kind: 'chunks', task: bare, items: [...items], size: checkedChunkSize(size) },
        ...{ options: {}, immutable: true },
      }),
  };
}

function isList<A extends readonly unknown[]>(call: BulkCall<A>): call is A {
  return Array.isArray(call);
}

const noPlacement = {};

function split(
  shape: CallShape,
  args: readonly unknown[],
): { positions: readonly unknown[]; kwargs: Readonly<Record<string, unknown>> } {
  if (!shape.takesObject || args.length === 0) return { positions: args, kwargs: {} };
  const [input] = args;
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw new TypeError(`${shape.taskName}() has a schema and takes one object, its keyword arguments.`);
  }
  return { positions: [], kwargs: input as Record<string, unknown> };
}

function validatedNow(definition: TaskDefinition, schema: StandardSchemaV1, input: unknown): unknown {
  const outcome = schema['~standard'].validate(input);
  if (outcome instanceof Promise) {
    throw new TypeError(
      `${definition.name}() has a schema that validates asynchronously and cannot be called in place; send it, or call its function.`,
    );
  }
  if (outcome.issues !== undefined)
    throw new TypeError(`${definition.name}(): ${outcome.issues.map((issue) => issue.message).join('; ')}`);
  return outcome.value;
}
