export { endsInCelery } from './celery.js';
export { differences, type Ended, missing, type Outcome, outcomeOf, type Ran } from './differences.js';
export { evaluate, type Expectation, type ExpectedRun } from './evaluate.js';
export type { Shape } from './shape.js';
export { shapes, type ShapesOptions } from './shapes.js';
export { type WorkflowPart, WorkflowTasks, type WorkflowTasksOptions } from './workflow-tasks.js';
