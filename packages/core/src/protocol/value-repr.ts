import { types } from 'node:util';
import { Decimal, PlainDate, PlainTime, Uuid, WireDate } from '@ctq/messaging';

/**
 * What Python's `repr` shows of values that travel, and of errors. Of everything else the name of its class and no more: the members of, say, a
 * database row may be secrets.
 */
export function objectRepr(value: object): string {
  if (types.isDate(value)) return dateTimeRepr(value);
  if (Decimal.isDecimal(value)) return `Decimal('${value.text}')`;
  if (Uuid.isUuid(value)) return `UUID('${value.text}')`;
  if (PlainDate.isPlainDate(value)) return `datetime.date(${value.year}, ${value.month}, ${value.day})`;
  if (PlainTime.isPlainTime(value)) return timeRepr(value);
  if (value instanceof Error || types.isNativeError(value)) return errorRepr(value);
  const prototype = Object.getPrototypeOf(value) as { readonly constructor?: { readonly name?: unknown } } | null;
  return `<${String(prototype?.constructor?.name ?? 'object')} object>`;
}

/** `ValueError('boom')`, as Celery writes errors into logs, events and the messages of other errors. */
function errorRepr(error: Error): string {
  return `${error.name}('${String(error.message).replaceAll("'", "\\'")}')`;
}

function timeRepr(time: PlainTime): string {
  const fields = [time.hour, time.minute, ...withoutZeros(time.second, time.microsecond), ...zone(time.offset)];
  return `datetime.time(${fields.join(', ')})`;
}

function dateTimeRepr(date: Date): string {
  if (Number.isNaN(date.getTime())) return '<invalid Date>';
  const isWire = WireDate.isWireDate(date);
  const offset = isWire
    ? (/(?:Z|[+-]\d\d(?::?\d\d){0,2}(?:\.\d+)?)$/.exec(date.toIsoText().slice(10))?.[0] ?? '')
    : 'Z';
  // The clock that the offset belongs to, read as if it were UTC.
  const local = new Date(date.getTime() + offsetSeconds(offset) * 1_000);
  const micros = local.getUTCMilliseconds() * 1_000 + (isWire ? date.microsecond : 0);
  const fields = [
    ...[
      local.getUTCFullYear(),
      local.getUTCMonth() + 1,
      local.getUTCDate(),
      local.getUTCHours(),
      local.getUTCMinutes(),
    ],
    ...withoutZeros(local.getUTCSeconds(), micros),
    ...zone(offset),
  ];
  return `datetime.datetime(${fields.join(', ')})`;
}

/** Python leaves seconds and microseconds out when nothing but zeros follows. */
function withoutZeros(second: number, microsecond: number): readonly number[] {
  if (microsecond !== 0) return [second, microsecond];
  return second === 0 ? [] : [second];
}

function zone(offset: string): readonly string[] {
  if (offset === '') return [];
  const seconds = offsetSeconds(offset);
  if (seconds === 0) return ['tzinfo=datetime.timezone.utc'];
  const delta = seconds < 0 ? `days=-1, seconds=${seconds + 86_400}` : `seconds=${seconds}`;
  return [`tzinfo=datetime.timezone(datetime.timedelta(${delta}))`];
}

function offsetSeconds(offset: string): number {
  const digits = offset.replaceAll(/[^\d]/g, '').padEnd(6, '0');
  const seconds = Number(digits.slice(0, 2)) * 3_600 + Number(digits.slice(2, 4)) * 60 + Number(digits.slice(4, 6));
  return offset.startsWith('-') ? -seconds : seconds;
}
