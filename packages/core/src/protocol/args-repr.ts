import { ReprWriter } from './repr-writer.js';

/** Celery 5.6 app/amqp.py, argsrepr_maxsize and kwargsrepr_maxsize. */
const maxLength = 1_024;

/** Positional arguments for people: logs, events, monitors. Shown as a Python tuple; no worker evaluates it. */
export function argsRepr(args: readonly unknown[]): string {
  return args.length === 0 ? '()' : new ReprWriter(maxLength).writeTuple(args);
}

/** Keyword arguments for people. */
export function kwargsRepr(kwargs: Readonly<Record<string, unknown>>): string {
  for (const _ in kwargs) return saferepr(kwargs);
  return '{}';
}

/** Any value as Celery shows it (celery 5.6 utils/saferepr.py): arrays as lists, objects as dicts, cut to a length. */
export function saferepr(value: unknown, length: number = maxLength): string {
  return new ReprWriter(length).write(value);
}
