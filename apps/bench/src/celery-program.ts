import { fileURLToPath } from 'node:url';
import { pythonWith } from '@ctq/test-services';
import type { Site } from './site.js';
import { type Program, WorkerProcess } from './worker-process.js';

const programs = new URL('../python/', import.meta.url);

/** Python with Celery in it. */
export async function celeryProgram({ url, stores, results = url }: Site, args: readonly string[]): Promise<Program> {
  return {
    command: await pythonWith(fileURLToPath(new URL('requirements.txt', programs))),
    args,
    cwd: fileURLToPath(programs),
    environment: { BENCH_URL: url, BENCH_RESULTS: results, BENCH_STORES: stores ? 'stores' : 'ignores' },
  };
}

/** A worker of Celery for the tasks of `contender.py`, or of another module beside it. */
export async function celeryWorker(
  site: Site,
  flags: readonly string[],
  module: 'contender' | 'canvas' = 'contender',
): Promise<WorkerProcess> {
  return new WorkerProcess(await celeryProgram(site, ['-m', 'celery', '-A', module, 'worker', ...flags]));
}
