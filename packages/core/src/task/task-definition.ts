import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { TaskOptions } from './task-options.js';

/** What the registry knows of a task: the function and how to call it. */
export interface TaskDefinition {
  readonly name: string;
  readonly options: TaskOptions;
  readonly params: readonly string[] | undefined;
  readonly schema: StandardSchemaV1 | undefined;
  /** The author's function; with `bind` the context comes first. */
  readonly run: (...args: never[]) => unknown;
  /** File, line and column of `app.task`, where the engine tells. */
  readonly definedAt?: string;
}
