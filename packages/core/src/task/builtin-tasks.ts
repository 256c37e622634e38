import type { TaskDefinition } from './task-definition.js';

/** Gives the one list that it is given, as the body of a chord whose result is a list (celery 5.6 app/builtins.py, add_accumulate_task). */
export const accumulate: TaskDefinition = {
  name: 'celery.accumulate',
  options: {},
  params: ['results', 'index'],
  schema: undefined,
  run: (results: unknown, index?: number) => (index === 0 ? results : [results]),
};

/** Tasks that every app has, under Celery's names. */
export const builtinTasks: ReadonlyMap<string, TaskDefinition> = new Map([[accumulate.name, accumulate]]);
