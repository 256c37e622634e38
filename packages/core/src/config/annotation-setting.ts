import type { TaskDefinition } from '../task/task-definition.js';
import { type TaskOptions, taskOptionNames } from '../task/task-options.js';
import { camelCased } from './queue-setting.js';
import { mismatch, type SettingType } from './setting.js';

/** Options that are put over a task's own; Celery's snake_case names are read too. */
export type TaskAnnotation = Omit<TaskOptions, 'bind'>;
/** Decides by the task; with nothing to say it leaves it to the next entry. */
export type AnnotationFunction = (task: TaskDefinition) => TaskAnnotation | null | undefined;
/** By name; those of `*` are for every task, and win over those by name (celery 5.6 app/task.py, Task.annotate). */
export type AnnotationTable = Readonly<Record<string, TaskAnnotation>>;
export type TaskAnnotations = AnnotationTable | AnnotationFunction | readonly (AnnotationTable | AnnotationFunction)[];

const known: ReadonlySet<string> = new Set(taskOptionNames);

export const taskAnnotations: SettingType<TaskAnnotations> = {
  expected: "options of tasks by name, such as { '*': { maxRetries: 5 } }, a function of the task, or a list of these",
  parse: (value) => ((Array.isArray(value) ? value : [value]).every(isEntry) ? (value as TaskAnnotations) : mismatch),
  parseText(text) {
    try {
      return taskAnnotations.parse(JSON.parse(text));
    } catch {
      return mismatch;
    }
  },
};

/** The options of a task with its annotations: of a list, the first entry that has the task, and the first that has `*`. */
export function annotate(definition: TaskDefinition, given: TaskAnnotations): TaskOptions {
  const entries = isList(given) ? given : [given];
  const own = firstOf(entries, (entry) =>
    typeof entry === 'function' ? entry(definition) : ownMember(entry, definition.name),
  );
  const any = firstOf(entries, (entry) => (typeof entry === 'function' ? undefined : ownMember(entry, '*')));
  return { ...definition.options, ...read(definition, own), ...read(definition, any) };
}

function read(definition: TaskDefinition, annotation: TaskAnnotation | undefined): TaskAnnotation {
  if (annotation === undefined) return {};
  if (!isAnnotation(annotation)) {
    throw new TypeError(`The annotation of task ${definition.name} is no object of task options.`);
  }
  return camelCased(annotation);
}

function firstOf<Entry>(
  entries: readonly Entry[],
  ask: (entry: Entry) => TaskAnnotation | null | undefined,
): TaskAnnotation | undefined {
  for (const entry of entries) {
    const found = ask(entry);
    if (found !== undefined && found !== null) return found;
  }
  return undefined;
}

function ownMember(table: AnnotationTable, name: string): TaskAnnotation | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

function isEntry(value: unknown): boolean {
  if (typeof value === 'function') return true;
  return typeof value === 'object' && value !== null && Object.values(value).every(isAnnotation);
}

function isAnnotation(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.keys(camelCased(value)).every((name) => name !== 'bind' && known.has(name));
}

function isList(given: TaskAnnotations): given is readonly (AnnotationTable | AnnotationFunction)[] {
  return Array.isArray(given);
}
