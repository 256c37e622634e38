import { appendFileSync, openSync } from 'node:fs';
import { Ctq } from '@ctq/core';

/** The application under test; broker, results and the queue come from the environment. */
export const app = new Ctq('soak', { taskDefaultQueue: process.env['CTQ_SOAK_QUEUE'] ?? 'celery' });

/**
 * What becomes of the first execution of a task, and of no other: `waits` for the kill of its process, which it does not survive; `exits` ends its thread in the
 * middle of it, since nobody can do that from outside.
 */
export type Fate = 'none' | 'waits' | 'exits';

const journal = process.env['CTQ_SOAK_JOURNAL'];
// Of a slot: its worker's, also after that is dead.
const parent = process.ppid;

/** Leaves lines in the journal when it begins and when it is done, so that executions are counted apart from results. */
export const work = app.task('soak.work', async (n: number, takesMs: number, fate: Fate = 'none') => {
  note('start', n);
  const isFated = fate !== 'none' && isFirst(n);
  await new Promise((resolve) => setTimeout(resolve, takesMs));
  if (isFated && fate === 'exits') {
    note('exit', n);
    process.exit(137);
  }
  if (isFated) await new Promise(() => undefined);
  note('end', n);
  return n * 2;
});

function note(what: 'start' | 'end' | 'exit', n: number): void {
  if (journal !== undefined) appendFileSync(journal, `${what} ${n} ${process.pid} ${parent} ${Date.now()}\n`);
}

function isFirst(n: number): boolean {
  try {
    openSync(`${journal ?? ''}.${n}`, 'wx');
    return true;
  } catch {
    return false;
  }
}
