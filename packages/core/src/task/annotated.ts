import { annotate } from '../config/annotation-setting.js';
import type { Settings } from '../config/settings.js';
import { checkUnique } from '../unique/unique-rules.js';
import { checkLimits } from './check-limits.js';
import type { TaskDefinition } from './task-definition.js';

/** The definition as the setting `taskAnnotations` makes it; the same object where it says nothing. */
export function annotated(definition: TaskDefinition, { taskAnnotations }: Settings): TaskDefinition {
  if (taskAnnotations === undefined) return definition;
  const options = Object.freeze(annotate(definition, taskAnnotations));
  checkLimits(definition.name, options);
  checkUnique(definition.name, options.unique);
  return { ...definition, options };
}
