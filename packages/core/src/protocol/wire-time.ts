import { InvalidTaskMessageError } from '../errors/task-errors.js';

/**
 * An instant as Python's `isoformat()` writes it in UTC: `2030-01-02T03:04:05+00:00`, with six digits of fraction when there is one.
 * @param at Milliseconds since the epoch; three more digits are kept.
 */
export function formatWireTime(at: number | Date): string {
  const micros = Math.round((typeof at === 'number' ? at : at.getTime()) * 1_000);
  const wholeMs = Math.floor(micros / 1_000);
  const iso = new Date(wholeMs).toISOString();
  // Years outside 0 to 9999 have a sign and six digits, which Python does not read.
  if (iso.length !== 24) throw new RangeError(`A time on the wire has a year from 0 to 9999: ${iso}.`);
  const fraction = iso.slice(20, 23) + String(micros - wholeMs * 1_000).padStart(3, '0');
  return fraction === '000000' ? `${iso.slice(0, 19)}+00:00` : `${iso.slice(0, 20)}${fraction}+00:00`;
}

/** What dateutil's `isoparse` reads of a complete or calendar date, as senders write it; the offset as `Z`, `+02:00`, `+0200`, `+02` or `+02:00:30`. */
const pattern =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2})(?::(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?(Z|z|[+-]\d{2}(?::?\d{2}(?::?\d{2})?)?)?)?$/;

/**
 * Milliseconds since the epoch, with up to three digits of fraction, of a time in a message. A value without offset is in `timeZone`, an IANA name
 * (celery 5.6 worker/request.py: the worker's configured zone).
 * @throws InvalidTaskMessageError when it is not a time.
 */
export function parseWireTime(text: string, timeZone = 'UTC'): number {
  const match = pattern.exec(text);
  if (match === null) throw unreadable(text);
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', offset] = match;
  const fields = [year, month, day, hour, minute, second].map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const wallMs = utcMs(...fields);
  if (Number.isNaN(wallMs)) throw unreadable(text);
  const instantMs = offset === undefined ? wallToInstant(wallMs, timeZone) : wallMs - offsetMs(offset);
  return instantMs + Number(fraction.padEnd(6, '0').slice(0, 6)) / 1_000;
}

/** A naive local time of this host with its offset; anything else unchanged. */
export function localToAware(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  const match = pattern.exec(value);
  if (match === null || match[8] !== undefined) return value;
  return formatWireTime(parseWireTime(value, Intl.DateTimeFormat().resolvedOptions().timeZone));
}

function unreadable(text: string): InvalidTaskMessageError {
  const shown = text.length > 40 ? `${text.slice(0, 40)}…` : text;
  return new InvalidTaskMessageError(`Not an ISO 8601 time: ${JSON.stringify(shown)}.`);
}

/** NaN for a date that does not exist, which `Date` would roll over. */
function utcMs(year: number, month: number, day: number, hour: number, minute: number, second: number): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second, 0);
  const isSame =
    date.getUTCMonth() === month - 1 &&
    date.getUTCDate() === day &&
    date.getUTCHours() === hour &&
    minute < 60 &&
    second < 60;
  return isSame ? date.getTime() : Number.NaN;
}

function offsetMs(offset: string): number {
  if (offset === 'Z' || offset === 'z') return 0;
  const digits = offset.slice(1).replaceAll(':', '').padEnd(6, '0');
  const seconds = Number(digits.slice(0, 2)) * 3_600 + Number(digits.slice(2, 4)) * 60 + Number(digits.slice(4, 6));
  return (offset.startsWith('-') ? -seconds : seconds) * 1_000;
}

const dayMs = 86_400_000;

/**
 * The instant at which the clocks of a zone show a time. Where they show it twice it is the first, where they skip it the offset before the
 * change counts (PEP 495, fold=0).
 */
function wallToInstant(wallMs: number, timeZone: string): number {
  if (timeZone === 'UTC') return wallMs;
  const format = zoneFormat(timeZone);
  const before = wallMs - zoneOffsetMs(format, wallMs - dayMs);
  const after = wallMs - zoneOffsetMs(format, wallMs + dayMs);
  if (before === after || wallMs - zoneOffsetMs(format, before) === before) return before;
  return wallMs - zoneOffsetMs(format, after) === after ? after : before;
}

function zoneFormat(timeZone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
}

/** How far the clocks of the zone are ahead of UTC at an instant. */
function zoneOffsetMs(format: Intl.DateTimeFormat, at: number): number {
  const fields: Record<string, number> = {};
  for (const { type, value } of format.formatToParts(at)) fields[type] = Number(value);
  const { year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0 } = fields;
  return utcMs(year, month, day, hour, minute, second) - Math.floor(at / 1_000) * 1_000;
}
