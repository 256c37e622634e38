import type { Kernel } from '../app/kernel.js';
import type { TaskDefinition } from '../task/task-definition.js';
import { accumulateTask } from './accumulate.js';
import { chainRestTask } from './chain-rest.js';
import { chordTimeoutTask } from './chord-timeout.js';
import { chordUnlockTask } from './chord-unlock.js';
import { backendCleanupTask } from './cleanup.js';
import { mapTask, starmapTask } from './mapping.js';
import { chainTask, chordTask, chunksTask, groupTask } from './workflows.js';

/** Tasks that every app has, under Celery's names. */
export function builtinTasks(kernel: Kernel): ReadonlyMap<string, TaskDefinition> {
  const tasks = [
    accumulateTask,
    mapTask(kernel),
    starmapTask(kernel),
    chunksTask(kernel),
    chainTask(kernel),
    groupTask(kernel),
    chordTask(kernel),
    chordUnlockTask(kernel),
    chordTimeoutTask(kernel),
    chainRestTask(kernel),
    backendCleanupTask(kernel),
  ];
  return new Map(tasks.map((task) => [task.name, task]));
}
