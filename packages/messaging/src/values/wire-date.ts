import { isCalendarDay } from './plain-date.js';
import { isOffset, isTimeOfDay, microseconds } from './plain-time.js';
import { isValueOfKind, markValues } from './value-mark.js';

const dateTimeText =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,12}))?)?(Z|[+-][\d:.]{2,15})?)?$/;

/**
 * A `Date` that came from the wire, or goes there, with what a Date cannot hold: its offset, its microseconds, and
 * whether it is *naive* (without offset; read as UTC here). While its time is not changed it is encoded as exactly the
 * text it was made from, so that a value passes through a TypeScript task unaltered. Everywhere else it is a Date.
 *
 * ```ts
 * new WireDate('2030-01-02T03:04:05.678901-03:30')   // Python receives this datetime
 * new WireDate('2030-01-02T03:04:05')                // Python receives a naive datetime
 * ```
 *
 * Wire form: kombu 5.6 utils/json.py, `datetime.isoformat` and `datetime.fromisoformat`.
 */
export class WireDate extends Date {
  static {
    markValues(this.prototype, 'datetime');
  }

  /** The text it was made from. */
  readonly isoText: string;
  /** No offset in the text: Python calls this datetime naive. */
  readonly isNaive: boolean;
  readonly #originalMs: number;
  readonly #microsecond: number;

  /** @throws TypeError for a text that is not `YYYY-MM-DD[THH:MM[:SS[.ffffff]][±HH:MM|Z]]`. */
  constructor(isoText: string) {
    const parsed = parseDateTime(isoText);
    super(parsed.ms);
    this.isoText = isoText;
    this.isNaive = parsed.isNaive;
    this.#originalMs = parsed.ms;
    this.#microsecond = parsed.microsecond;
  }

  static isWireDate(value: unknown): value is WireDate {
    return isValueOfKind(value, 'datetime');
  }

  /** Microseconds beyond the millisecond: 0 to 999. */
  get microsecond(): number {
    return this.getTime() === this.#originalMs ? this.#microsecond : 0;
  }

  /**
   * What is written on the wire: the original text, or the new time in UTC (or naive, if it was) when it was changed.
   */
  toIsoText(): string {
    if (this.getTime() === this.#originalMs) return this.isoText;
    const text = isoText(this);
    return this.isNaive ? text.slice(0, -'+00:00'.length) : text;
  }
}

/**
 * A Date as Python's `isoformat()` writes an aware UTC datetime: microseconds are six digits or absent, the offset is
 * `+00:00`.
 * @throws RangeError for an invalid date and for years that Python does not have (1 to 9999).
 */
export function isoText(date: Date): string {
  const text = date.toISOString();
  if (text.length !== 24 || text.startsWith('0000')) throw new RangeError('Python has only the years 1 to 9999');
  return text.endsWith('.000Z') ? `${text.slice(0, 19)}+00:00` : `${text.slice(0, 23)}000+00:00`;
}

interface ParsedDateTime {
  readonly ms: number;
  readonly microsecond: number;
  readonly isNaive: boolean;
}

function parseDateTime(text: string): ParsedDateTime {
  const match = typeof text === 'string' && text.length <= 64 ? dateTimeText.exec(text) : null;
  if (match === null) {
    throw new TypeError(
      `Not an ISO 8601 date and time: ${JSON.stringify(text)?.slice(0, 60)}. Write YYYY-MM-DDTHH:MM:SS+00:00.`,
    );
  }
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', offset] = match;
  const micros = microseconds(fraction);
  const isValid =
    isCalendarDay(Number(year), Number(month), Number(day)) &&
    isTimeOfDay(Number(hour), Number(minute), Number(second), micros) &&
    isOffset(offset ?? '');
  if (!isValid) throw new TypeError(`No such date and time: ${text}.`);
  const local = new Date(0);
  // Not Date.UTC: it takes the years 0 to 99 for 1900 to 1999.
  local.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  local.setUTCHours(Number(hour), Number(minute), Number(second), 0);
  const totalMicros = micros - offsetMicros(offset);
  const ms = Math.floor(totalMicros / 1000);
  return { ms: local.getTime() + ms, microsecond: totalMicros - ms * 1000, isNaive: offset === undefined };
}

function offsetMicros(offset: string | undefined): number {
  if (offset === undefined || offset === 'Z') return 0;
  const [seconds = '', fraction = ''] = offset.slice(1).split('.');
  const parts = seconds.replaceAll(':', '');
  const total = Number(parts.slice(0, 2)) * 3600 + Number(parts.slice(2, 4)) * 60 + Number(parts.slice(4, 6));
  return (offset.startsWith('-') ? -1 : 1) * (total * 1_000_000 + microseconds(fraction));
}
