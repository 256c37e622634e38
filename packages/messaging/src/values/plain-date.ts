import { isValueOfKind, markValues } from './value-mark.js';

const dateText = /^(\d{4})-(\d{2})-(\d{2})$/;

/** A day of the calendar without a time: Python's `datetime.date`. Years 1 to 9999, months 1 to 12, as there. */
export class PlainDate {
  static {
    markValues(this.prototype, 'date');
  }

  readonly year: number;
  readonly month: number;
  readonly day: number;

  /** @throws TypeError when there is no such day. */
  constructor(year: number, month: number, day: number) {
    if (!isCalendarDay(year, month, day)) {
      throw new TypeError(`No such day: year ${year}, month ${month}, day ${day} (years 1 to 9999, months 1 to 12).`);
    }
    this.year = year;
    this.month = month;
    this.day = day;
    Object.freeze(this);
  }

  /** From `YYYY-MM-DD`. @throws TypeError for any other text. */
  static from(text: string): PlainDate {
    const match = typeof text === 'string' ? dateText.exec(text) : null;
    if (match === null) throw new TypeError(`Not a date: ${JSON.stringify(text)?.slice(0, 60)}. Write YYYY-MM-DD.`);
    return new PlainDate(Number(match[1]), Number(match[2]), Number(match[3]));
  }

  static isPlainDate(value: unknown): value is PlainDate {
    return isValueOfKind(value, 'date');
  }

  /** `YYYY-MM-DD`, Python's `isoformat()`. */
  toString(): string {
    return `${digits(this.year, 4)}-${digits(this.month, 2)}-${digits(this.day, 2)}`;
  }

  toJSON(): string {
    return this.toString();
  }

  equals(other: unknown): boolean {
    return (
      PlainDate.isPlainDate(other) && other.year === this.year && other.month === this.month && other.day === this.day
    );
  }
}

/** @internal */
export function isCalendarDay(year: number, month: number, day: number): boolean {
  if (![year, month, day].every(Number.isInteger) || year < 1 || year > 9999) return false;
  if (month < 1 || month > 12 || day < 1) return false;
  const isLeapYear = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const daysOfMonth = [31, isLeapYear ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  return day <= (daysOfMonth[month - 1] ?? 0);
}

/** @internal */
export function digits(value: number, length: number): string {
  return String(value).padStart(length, '0');
}
