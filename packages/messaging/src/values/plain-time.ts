import { digits } from './plain-date.js';
import { isValueOfKind, markValues } from './value-mark.js';

const timeText = /^T?(\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,12}))?)?(Z|[+-][\d:.]{2,15})?$/;

/**
 * What Python's `isoformat()` writes for a UTC offset, which is less than a day, and the forms `fromisoformat` reads
 * beside it.
 */
const offsetText = /^(?:|Z|[+-](?:[01]\d|2[0-3])(?::?[0-5]\d(?::?[0-5]\d(?:\.\d{1,6})?)?)?)$/;

/** A time of day to the microsecond: Python's `datetime.time`. */
export class PlainTime {
  static {
    markValues(this.prototype, 'time');
  }

  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly microsecond: number;
  /** Offset from UTC as text (`+02:00`), empty for a naive time, which is the usual one. */
  readonly offset: string;

  /** @throws TypeError when a part is out of its range: 0–23, 0–59, 0–59, 0–999999. */
  constructor(hour: number, minute: number, second = 0, microsecond = 0, offset = '') {
    if (!isTimeOfDay(hour, minute, second, microsecond)) {
      throw new TypeError(
        `No such time of day: ${[hour, minute, second, microsecond].join(', ')} (hour, minute, second, microsecond).`,
      );
    }
    if (!isOffset(offset))
      throw new TypeError(`Not an offset from UTC: ${JSON.stringify(offset)}. Write +HH:MM or -HH:MM.`);
    this.hour = hour;
    this.minute = minute;
    this.second = second;
    this.microsecond = microsecond;
    this.offset = offset === 'Z' ? '+00:00' : offset;
    Object.freeze(this);
  }

  /** From `HH:MM[:SS[.ffffff]]` with an optional offset. @throws TypeError for any other text. */
  static from(text: string): PlainTime {
    const match = typeof text === 'string' && text.length <= 64 ? timeText.exec(text) : null;
    if (match === null) {
      throw new TypeError(
        `Not a time of day: ${JSON.stringify(text)?.slice(0, 60)}. Write HH:MM:SS or HH:MM:SS.ffffff.`,
      );
    }
    const [, hour, minute, second = '0', fraction = '', offset = ''] = match;
    return new PlainTime(Number(hour), Number(minute), Number(second), microseconds(fraction), offset);
  }

  static isPlainTime(value: unknown): value is PlainTime {
    return isValueOfKind(value, 'time');
  }

  /** Python's `isoformat()`: microseconds are six digits or absent. */
  toString(): string {
    const whole = `${digits(this.hour, 2)}:${digits(this.minute, 2)}:${digits(this.second, 2)}`;
    return `${whole}${this.microsecond === 0 ? '' : `.${digits(this.microsecond, 6)}`}${this.offset}`;
  }

  toJSON(): string {
    return this.toString();
  }

  equals(other: unknown): boolean {
    return PlainTime.isPlainTime(other) && String(other) === this.toString();
  }
}

/** @internal */
export function isTimeOfDay(hour: number, minute: number, second: number, microsecond: number): boolean {
  const limits: readonly (readonly [number, number])[] = [
    [hour, 23],
    [minute, 59],
    [second, 59],
    [microsecond, 999_999],
  ];
  return limits.every(([part, highest]) => Number.isInteger(part) && part >= 0 && part <= highest);
}

/** @internal */
export function isOffset(offset: string): boolean {
  return offsetText.test(offset);
}

/** Further digits are cut off, as Python's `fromisoformat` does. @internal */
export function microseconds(fraction: string): number {
  return Number(fraction.slice(0, 6).padEnd(6, '0'));
}
