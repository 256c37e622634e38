import { DuplicateTaskError, TaskNotRegisteredError } from '../errors/task-errors.js';
import type { TaskDefinition } from './task-definition.js';

export interface TaskRegistryOptions {
  readonly annotate?: (definition: TaskDefinition) => TaskDefinition;
  /** Tasks that are there without being listed; a task of the program that has the name of one takes its place. */
  readonly builtins?: () => ReadonlyMap<string, TaskDefinition>;
}

/** The tasks of one app, by their names on the wire. */
export class TaskRegistry implements Iterable<TaskDefinition> {
  readonly #tasks = new Map<string, TaskDefinition>();
  readonly #annotate: (definition: TaskDefinition) => TaskDefinition;
  readonly #makeBuiltins: TaskRegistryOptions['builtins'];
  #builtins: ReadonlyMap<string, TaskDefinition> | undefined;
  /** With the annotations of the settings, which are not known when a task is defined. */
  readonly #annotated = new Map<string, TaskDefinition>();

  constructor({ annotate = (definition) => definition, builtins }: TaskRegistryOptions = {}) {
    this.#annotate = annotate;
    this.#makeBuiltins = builtins;
  }

  /** @throws DuplicateTaskError: two functions under one name would make it chance which of them runs. */
  register(definition: TaskDefinition): void {
    const earlier = this.#tasks.get(definition.name);
    if (earlier !== undefined) throw duplicate(earlier, definition);
    this.#tasks.set(definition.name, definition);
  }

  find(name: string): TaskDefinition | undefined {
    const found = this.#annotated.get(name);
    if (found !== undefined) return found;
    const defined = this.#tasks.get(name);
    if (defined === undefined) return this.#builtin(name);
    const annotated = this.#annotate(defined);
    this.#annotated.set(name, annotated);
    return annotated;
  }

  #builtin(name: string): TaskDefinition | undefined {
    this.#builtins ??= this.#makeBuiltins?.() ?? new Map();
    return this.#builtins.get(name);
  }

  /** @throws TaskNotRegisteredError */
  get(name: string): TaskDefinition {
    const found = this.find(name);
    if (found === undefined) throw this.notRegistered(name);
    return found;
  }

  /** The error for a name that nobody has, with those that are like it. */
  notRegistered(name: string): TaskNotRegisteredError {
    return new TaskNotRegisteredError(name, { registered: this.names });
  }

  get names(): readonly string[] {
    return [...this.#tasks.keys()].sort();
  }

  /** Those that are there without being listed. */
  get builtinNames(): readonly string[] {
    this.#builtins ??= this.#makeBuiltins?.() ?? new Map();
    return [...this.#builtins.keys()].filter((name) => !this.#tasks.has(name)).sort();
  }

  [Symbol.iterator](): Iterator<TaskDefinition> {
    return [...this.#tasks.keys()].map((name) => this.get(name)).values();
  }
}

/** Twice the same code is one module under two names: with and without an extension, source and build, a query, a link. */
function duplicate(earlier: TaskDefinition, later: TaskDefinition): DuplicateTaskError {
  const { name } = later;
  const isSameCode = earlier.run.toString() === later.run.toString();
  const where = earlier.definedAt === undefined ? '' : ` at ${earlier.definedAt}`;
  const here = later.definedAt === undefined ? '' : `, and now at ${later.definedAt}`;
  const advice =
    isSameCode && earlier.definedAt !== later.definedAt
      ? 'Both are the same function: its module was imported under two names, such as source and build. Import it by one.'
      : isSameCode
        ? 'It is defined where it runs twice: define tasks at the top of a module.'
        : `Give one of the two another name: app.task('${name}2', …).`;
  return new DuplicateTaskError(`A task named '${name}' is registered already${where}${here}. ${advice}`, {
    details: { task: name, ...(earlier.definedAt === undefined ? {} : { definedAt: earlier.definedAt }) },
  });
}
