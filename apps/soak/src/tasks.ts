import { appendFileSync } from 'node:fs';
import { Ctq } from '@ctq/core';

/** The application under test; broker and results come from the environment. */
export const app = new Ctq('soak');

const journal = process.env['CTQ_SOAK_JOURNAL'];

/** Leaves a line in the journal when it was executed, so that executions are counted apart from results. */
export const work = app.task('soak.work', async (n: number, takesMs: number) => {
  await new Promise((resolve) => setTimeout(resolve, takesMs));
  if (journal !== undefined) appendFileSync(journal, `${n}\n`);
  return n * 2;
});
