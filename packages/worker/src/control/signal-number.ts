import { constants } from 'node:os';
import { CommandError } from './command-error.js';

/** Python's default to end a task with. */
const defaultSignal = 'TERM';

/**
 * The number of a signal by its name, with or without `SIG`, in any case, or by the number itself (celery 5.6 platforms.py, Signals.signum). It is looked at for the answer only:
 * how a task is ended is a matter of the pool.
 * @throws CommandError for a name that no signal has.
 */
export function signalNumber(signal: unknown): number {
  if (typeof signal === 'number' && Number.isInteger(signal)) return signal;
  const name = signal === undefined || signal === null || signal === '' ? defaultSignal : signal;
  if (typeof name !== 'string') throw new CommandError('TypeError', 'signal name must be uppercase string.');
  if (/^\d{1,3}$/.test(name)) return Number(name);
  const upper = name.toUpperCase();
  const full = upper.startsWith('SIG') ? upper : `SIG${upper}`;
  const found = Object.entries(constants.signals).find(([known]) => known === full);
  if (found === undefined) throw new CommandError('AttributeError', `module 'signal' has no attribute '${full}'`);
  return found[1];
}
