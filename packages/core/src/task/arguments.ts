import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { TaskDefinition } from './task-definition.js';

type Kwargs = Readonly<Record<string, unknown>>;

/**
 * The arguments of a message as the function takes them. Wrong ones are a `TypeError`, as in Python, and so the task's FAILURE.
 */
export function bindArguments(
  definition: TaskDefinition,
  args: readonly unknown[],
  kwargs: Kwargs,
): readonly unknown[] | Promise<readonly unknown[]> {
  if (definition.schema !== undefined)
    return validated(definition, definition.schema, withNames(definition, args, kwargs));
  for (const name in kwargs) {
    if (Object.hasOwn(kwargs, name)) return placed(definition, args, kwargs);
  }
  return definition.params === undefined ? args : notTooMany(definition, definition.params, args);
}

/** The arguments of a call in the same form, before anything is validated: what its key is made of. */
export function argumentsForKey(
  definition: TaskDefinition,
  args: readonly unknown[],
  kwargs: Kwargs,
): readonly unknown[] {
  if (definition.schema !== undefined) return [withNames(definition, args, kwargs)];
  return Object.keys(kwargs).length === 0 ? args : placed(definition, args, kwargs);
}

/** Keyword arguments to positions. */
function placed(definition: TaskDefinition, args: readonly unknown[], kwargs: Kwargs): readonly unknown[] {
  const { params } = definition;
  if (params === undefined) {
    throw new TypeError(
      `${definition.name}() takes no keyword arguments but was sent ${quoted(Object.keys(kwargs))}. ` +
        `Declare their positions, app.task('${definition.name}', { params: [${Object.keys(kwargs)
          .map((name) => `'${name}'`)
          .join(', ')}] }, …), or a schema.`,
    );
  }
  const places = [...notTooMany(definition, params, args)];
  for (const [name, value] of Object.entries(kwargs)) {
    const position = params.indexOf(name);
    if (position === -1) throw new TypeError(`${definition.name}() got an unexpected keyword argument '${name}'`);
    if (position < args.length) throw new TypeError(`${definition.name}() got multiple values for argument '${name}'`);
    places[position] = value;
  }
  return Array.from(places);
}

/** Positional arguments to names, for a task that takes one object. */
function withNames(definition: TaskDefinition, args: readonly unknown[], kwargs: Kwargs): Record<string, unknown> {
  refusePrototype(definition, kwargs);
  const named: Record<string, unknown> = { ...kwargs };
  if (args.length === 0) return named;
  const { params } = definition;
  if (params === undefined) {
    throw new TypeError(
      `${definition.name}() takes keyword arguments only but was sent ${args.length} positional. Declare their names beside the schema: { schema, params: ['…'] }.`,
    );
  }
  for (const [position, value] of notTooMany(definition, params, args).entries()) {
    const name = params[position] as string;
    if (Object.hasOwn(named, name))
      throw new TypeError(`${definition.name}() got multiple values for argument '${name}'`);
    named[name] = value;
  }
  return named;
}

function notTooMany(
  definition: TaskDefinition,
  params: readonly string[],
  args: readonly unknown[],
): readonly unknown[] {
  if (args.length > params.length) {
    throw new TypeError(
      `${definition.name}() takes ${params.length} positional argument${params.length === 1 ? '' : 's'} but ${args.length} were given`,
    );
  }
  return args;
}

/** `{...kwargs}` keeps an own `__proto__` as data, but what a schema or a function does with it is not ours to know. */
function refusePrototype(definition: TaskDefinition, kwargs: Kwargs): void {
  if (Object.hasOwn(kwargs, '__proto__'))
    throw new TypeError(`${definition.name}() got an unexpected keyword argument '__proto__'`);
}

function validated(
  definition: TaskDefinition,
  schema: StandardSchemaV1,
  input: unknown,
): readonly unknown[] | Promise<readonly unknown[]> {
  const outcome = schema['~standard'].validate(input);
  const read = (result: StandardSchemaV1.Result<unknown>): readonly unknown[] => {
    if (result.issues !== undefined)
      throw new TypeError(`${definition.name}(): ${result.issues.map(describeIssue).join('; ')}`);
    return [result.value];
  };
  return outcome instanceof Promise ? outcome.then(read) : read(outcome);
}

function describeIssue(issue: StandardSchemaV1.Issue): string {
  const path = (issue.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part)).join('.');
  return path === '' ? issue.message : `${path}: ${issue.message}`;
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `'${name}'`).join(', ');
}
