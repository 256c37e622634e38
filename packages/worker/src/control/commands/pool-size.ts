import { Deadline, toError } from '@ctq/runtime';
import { CommandError } from '../command-error.js';
import type { CommandScope } from '../command-scope.js';
import { checkGrowth } from '../check-growth.js';
import { controlCommand, nok, ok, type WorkerCommand } from '../worker-command.js';

/** What cannot be is known by then; threads and processes take longer to get ready. */
const patienceMs = 500;

export const poolGrow: WorkerCommand = controlCommand({
  name: 'pool_grow',
  args: { n: 'integer' },
  signature: '[N=1]',
  help: 'Grow pool by n processes/threads.',
  run: (scope, { n = 1 }) => resize(scope, 'grow', n),
});

export const poolShrink: WorkerCommand = controlCommand({
  name: 'pool_shrink',
  args: { n: 'integer' },
  signature: '[N=1]',
  help: 'Shrink pool by n processes/threads.',
  run: (scope, { n = 1 }) => resize(scope, 'shrink', n),
});

async function resize({ worker, pool, autoscaler, kernel, logger }: CommandScope, way: 'grow' | 'shrink', n: number) {
  if (autoscaler !== undefined)
    return nok(`pool_${way} is not supported with autoscale. Adjust autoscale range instead.`);
  if (n < 0) throw new CommandError('ValueError', `n is ${n} and has to be a number of slots`);
  const size = pool.size + (way === 'grow' ? n : -n);
  checkGrowth(pool, size);
  const resized = worker.resize(size);
  let isAnswered = false;
  resized.catch((error: unknown) => {
    if (isAnswered) logger.error({ err: toError(error) }, `Couldn't change the size of the pool to ${size}`);
  });
  await Deadline.after(patienceMs, kernel.clock).wait(resized);
  isAnswered = true;
  return ok(`pool will ${way}`);
}
