import { ReprWriter } from './repr-writer.js';

/** Celery 5.6 app/amqp.py, argsrepr_maxsize and kwargsrepr_maxsize. */
const maxLength = 1_024;

/** Positional arguments for people: logs, events, monitors. Shown as a Python tuple; no worker evaluates it. */
export function argsRepr(args: readonly unknown[]): string {
  return args.length === 0 ? '()' : (shortTuple(args) ?? new ReprWriter(maxLength).writeTuple(args));
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

/** Together they stay far below the limit. */
const shortTupleItems = 8;
const shortText = 100;

/** The same for what most calls have, a few short scalars: nothing can be cut, so nothing has to be counted. */
function shortTuple(args: readonly unknown[]): string | undefined {
  if (args.length > shortTupleItems) return undefined;
  let text = '(';
  for (let index = 0; index < args.length; index += 1) {
    const item = shortScalar(args[index]);
    if (item === undefined) return undefined;
    text += index === 0 ? item : `, ${item}`;
  }
  return args.length === 1 ? `${text},)` : `${text})`;
}

function shortScalar(value: unknown): string | undefined {
  if (typeof value === 'string') return value.length < shortText && !value.includes("'") ? `'${value}'` : undefined;
  if (typeof value === 'number') return Number.isSafeInteger(value) && value !== 0 ? String(value) : undefined;
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return value === null ? 'None' : undefined;
}
