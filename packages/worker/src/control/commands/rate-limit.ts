import { errorRepr, type RateLimit, runsPerSecond } from '@ctq/core';
import { toError } from '@ctq/runtime';
import { CommandError } from '../command-error.js';
import { valueRepr } from '../python-repr.js';
import { controlCommand, nok, ok, type WorkerCommand } from '../worker-command.js';

export const rateLimit: WorkerCommand = controlCommand({
  name: 'rate_limit',
  args: { task_name: 'text', rate_limit: 'any' },
  required: ['task_name', 'rate_limit'],
  signature: '<task_name> <rate_limit (e.g., 5/s | 5/m | 5/h)>',
  help: 'Tell worker(s) to modify the rate limit for a task by type.',
  run({ worker, kernel, logger }, { task_name: task, rate_limit: given }) {
    let limit: RateLimit | null;
    try {
      limit = limitOf(given);
    } catch (error) {
      if (error instanceof CommandError && error.name === 'ValueError')
        return nok(`Invalid rate limit string: ${errorRepr(error)}`);
      throw error;
    }
    if (kernel.registry.find(task) === undefined) {
      logger.error(`Rate limit attempt for unknown task ${task}`);
      return nok('unknown task');
    }
    worker.setRateLimit(task, limit);
    if (limit === null) {
      logger.info(`Rate limits disabled for tasks of type ${task}`);
      return ok('rate limit disabled successfully');
    }
    logger.info(`New rate limit for tasks of type ${task}: ${limit}.`);
    return ok('new rate limit set successfully');
  },
});

/** Null for none. @throws CommandError as Python words it (celery 5.6 utils/time.py, rate). */
function limitOf(given: unknown): RateLimit | null {
  if (given === undefined || given === null || given === '' || given === 0) return null;
  if (typeof given !== 'string' && typeof given !== 'number')
    throw new CommandError('TypeError', `rate_limit is ${valueRepr(given)} and has to be a number or a text`);
  const [runs = '', unit = 's'] = String(given).split('/');
  if (!['', 's', 'm', 'h'].includes(unit)) throw new CommandError('KeyError', unit);
  if (runs.trim() === '' || Number.isNaN(Number(runs)))
    throw new CommandError('ValueError', `could not convert string to float: ${valueRepr(runs)}`);
  const limit = given as RateLimit;
  try {
    runsPerSecond(limit, 'rate_limit');
  } catch (error) {
    throw new CommandError('ValueError', toError(error).message);
  }
  return limit;
}
