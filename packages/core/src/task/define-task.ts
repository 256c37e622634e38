import { ConfigurationError } from '@ctq/runtime';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { LimitOptions } from '../limits/limit-options.js';
import { checkLimits } from './check-limits.js';
import type { Task } from './task.js';
import type { TaskContext } from './task-context.js';
import type { TaskDefinition } from './task-definition.js';
import type { ParamNames, SchemaOption, TaskOptions } from './task-options.js';
import type { UniqueOptions } from '../unique/unique-options.js';
import { checkUnique } from '../unique/unique-rules.js';

/** Options with what is typed by the arguments of a call. */
type OptionsFor<A extends readonly unknown[]> = Omit<TaskOptions, 'unique' | 'limit'> & {
  readonly unique?: boolean | UniqueOptions<GivenBy<A>>;
  readonly limit?: LimitOptions<GivenBy<A>>;
};
/** The same arguments, which are said by the function and by nothing else. */
type GivenBy<A extends readonly unknown[]> = { [K in keyof A]: NoInfer<A[K]> };
type Positional<A extends readonly unknown[]> = OptionsFor<A> & {
  readonly bind?: false;
  readonly params?: ParamNames<A>;
  readonly schema?: undefined;
};
type Bound<A extends readonly unknown[]> = OptionsFor<A> & {
  readonly bind: true;
  readonly params?: ParamNames<A>;
  readonly schema?: undefined;
};
type SchemaOptions<S extends StandardSchemaV1> = OptionsFor<[input: StandardSchemaV1.InferInput<S>]> & SchemaOption<S>;
type Schematic<S extends StandardSchemaV1> = SchemaOptions<S> & { readonly bind?: false };
type BoundSchematic<S extends StandardSchemaV1> = SchemaOptions<S> & { readonly bind: true };

/** A first parameter of type `TaskContext` is filled only with `bind: true`: the name of the member that the function lacks is the message. */
type NoContext<A extends readonly unknown[]> = A extends readonly [infer First, ...unknown[]]
  ? [unknown] extends [First]
    ? unknown
    : [First] extends [TaskContext]
      ? { readonly 'The first parameter is a TaskContext: add { bind: true } to the options.': never }
      : unknown
  : unknown;

/**
 * The forms of `app.task`: `(name?, options?, function)`, typed by whether the context and a schema are asked for. Of several that do not fit the compiler
 * speaks of the last: the plainest of each length.
 */
export interface DefineTask {
  <A extends readonly unknown[], R>(
    name: string,
    options: Bound<A>,
    run: (ctx: TaskContext, ...args: A) => R,
  ): Task<A, R>;
  <A extends readonly unknown[], R>(options: Bound<A>, run: (ctx: TaskContext, ...args: A) => R): Task<A, R>;
  <S extends StandardSchemaV1, R>(
    name: string,
    options: BoundSchematic<S>,
    run: (ctx: TaskContext, input: StandardSchemaV1.InferOutput<S>) => R,
  ): Task<[input: StandardSchemaV1.InferInput<S>], R>;
  <S extends StandardSchemaV1, R>(
    name: string,
    options: Schematic<S>,
    run: (input: StandardSchemaV1.InferOutput<S>) => R,
  ): Task<[input: StandardSchemaV1.InferInput<S>], R>;
  <A extends readonly unknown[], R>(
    name: string,
    options: Positional<A>,
    run: ((...args: A) => R) & NoContext<A>,
  ): Task<A, R>;
  <A extends readonly unknown[], R>(options: Positional<A>, run: ((...args: A) => R) & NoContext<A>): Task<A, R>;
  <A extends readonly unknown[], R>(name: string, run: ((...args: A) => R) & NoContext<A>): Task<A, R>;
  <A extends readonly unknown[], R>(run: ((...args: A) => R) & NoContext<A>): Task<A, R>;
}

type AnyFunction = (...args: never[]) => unknown;
type GivenOptions = TaskOptions & { readonly params?: readonly string[]; readonly schema?: StandardSchemaV1 };

/**
 * Reads what `app.task` was called with.
 * @param caller The function that the program called: its caller's place is remembered.
 * @throws ConfigurationError for a function without a name, TypeError for anything else.
 */
export function readDefinition(
  appName: string,
  given: readonly unknown[],
  caller: AnyFunction,
  base: TaskOptions = {},
): TaskDefinition {
  const rest = [...given];
  const name = typeof rest[0] === 'string' ? (rest.shift() as string) : undefined;
  const own: GivenOptions = typeof rest[0] === 'object' && rest[0] !== null ? (rest.shift() as GivenOptions) : {};
  const run = rest[0];
  if (typeof run !== 'function')
    throw new TypeError("app.task takes a function last: app.task('add', (x: number, y: number) => x + y).");
  const { params, schema, ...options } = { ...base, ...own };
  checkLimits(name ?? run.name, options);
  checkUnique(name ?? run.name, options.unique);
  const definedAt = placeOfCaller(caller);
  return {
    ...(definedAt === undefined ? {} : { definedAt }),
    name: name ?? generatedName(appName, run as AnyFunction),
    options: Object.freeze(options),
    params,
    schema,
    run: run as AnyFunction,
  };
}

function generatedName(appName: string, run: AnyFunction): string {
  if (run.name !== '') return `${appName}.${run.name}`;
  throw new ConfigurationError(
    'CTQ_TASK_WITHOUT_NAME',
    "A task needs a name, which is what callers send: app.task('add', (x, y) => x + y). An anonymous function has none of its own.",
  );
}

/** Where a function was called, by the engine's stack: `file:///srv/shop/tasks.ts:5:20`. */
function placeOfCaller(called: AnyFunction): string | undefined {
  const holder: { stack?: string } = {};
  Error.captureStackTrace(holder, called);
  const frame = holder.stack?.split('\n')[1] ?? '';
  return /(?:\(|at (?:async )?)([^()]+:\d+:\d+)\)?$/.exec(frame)?.[1];
}
