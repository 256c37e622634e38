import type { Ctq } from '@ctq/core';

/** One line for each of Celery's old upper-case names in the configuration (celery 5.6 apps/worker.py, on_start). */
export function oldNameWarnings(app: Ctq): readonly string[] {
  return app.conf
    .oldNames()
    .map(({ old, setting }) => `The setting ${old} is an old name, which goes on working. Write ${setting} instead.`);
}
