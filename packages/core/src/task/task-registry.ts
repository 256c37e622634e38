import { DuplicateTaskError, TaskNotRegisteredError } from '../errors/task-errors.js';
import { builtinTasks } from './builtin-tasks.js';
import type { TaskDefinition } from './task-definition.js';

/** The tasks of one app, by their names on the wire. */
export class TaskRegistry implements Iterable<TaskDefinition> {
  readonly #tasks = new Map<string, TaskDefinition>();
  readonly #annotate: (definition: TaskDefinition) => TaskDefinition;
  /** With the annotations of the settings, which are not known when a task is defined. */
  readonly #annotated = new Map<string, TaskDefinition>();

  constructor(annotate: (definition: TaskDefinition) => TaskDefinition = (definition) => definition) {
    this.#annotate = annotate;
  }

  /** @throws DuplicateTaskError: two functions under one name would make it chance which of them runs. */
  register(definition: TaskDefinition): void {
    if (this.#tasks.has(definition.name)) {
      throw new DuplicateTaskError(
        `A task named '${definition.name}' is registered already. Give one of the two another name: app.task('${definition.name}2', …).`,
        { details: { task: definition.name } },
      );
    }
    this.#tasks.set(definition.name, definition);
  }

  find(name: string): TaskDefinition | undefined {
    const found = this.#annotated.get(name);
    if (found !== undefined) return found;
    const defined = this.#tasks.get(name);
    if (defined === undefined) return builtinTasks.get(name);
    const annotated = this.#annotate(defined);
    this.#annotated.set(name, annotated);
    return annotated;
  }

  /** @throws TaskNotRegisteredError */
  get(name: string): TaskDefinition {
    const found = this.find(name);
    if (found === undefined) throw new TaskNotRegisteredError(name);
    return found;
  }

  get names(): readonly string[] {
    return [...this.#tasks.keys()].sort();
  }

  [Symbol.iterator](): Iterator<TaskDefinition> {
    return [...this.#tasks.keys()].map((name) => this.get(name)).values();
  }
}
