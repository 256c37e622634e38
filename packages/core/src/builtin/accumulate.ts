import { builtinNames } from '../canvas/builtin-names.js';
import type { TaskDefinition } from '../task/task-definition.js';
import { builtin } from './builtin.js';

/** Gives the one list that it is given, as the body of a chord whose result is a list (celery 5.6 app/builtins.py, add_accumulate_task). */
export const accumulateTask: TaskDefinition = builtin({
  name: builtinNames.accumulate,
  params: ['results', 'index'],
  run: (_ctx, results: unknown, index?: number) => (index === 0 ? results : [results]),
});
