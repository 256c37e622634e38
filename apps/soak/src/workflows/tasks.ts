import { appendFileSync } from 'node:fs';
import { Ctq } from '@ctq/core';
import { type Ran, WorkflowTasks } from '@ctq/random-workflows';

/** An execution and where it was. */
export interface Noted extends Ran {
  readonly process: number;
  /** Who had started that process: the worker, where the process is a slot. */
  readonly parent: number;
}

/**
 * What workers that are killed have; broker, results, queue and journal come from the environment.
 * @public Loaded by the worker, by its path.
 */
export const app = new Ctq('workflows', { taskDefaultQueue: process.env['CTQ_SOAK_QUEUE'] ?? 'celery' });

const journal = process.env['CTQ_SOAK_JOURNAL'] ?? '';
// Of a slot: its worker's, also after that is dead.
const parent = process.ppid;

new WorkflowTasks(app, {
  note(ran) {
    const noted: Noted = { ...ran, process: process.pid, parent };
    appendFileSync(journal, `${JSON.stringify(noted)}\n`);
  },
});
