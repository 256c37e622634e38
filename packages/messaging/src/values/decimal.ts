import { isValueOfKind, markValues } from './value-mark.js';

/**
 * What Python's `str(Decimal)` yields. Written without nested repetition: a hostile text must not make matching slow.
 */
const decimalText = /^[+-]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|Inf(?:inity)?|s?NaN\d*)$/i;

/**
 * A decimal number as Python's `decimal.Decimal` writes it, kept as its exact text: `1.10` stays `1.10`. For carrying
 * only; to calculate, hand `toString()` to the arithmetic library of your choice.
 *
 * ```ts
 * await charge.delay(new Decimal('19.90'));
 * ```
 */
export class Decimal {
  static {
    markValues(this.prototype, 'decimal');
  }

  readonly text: string;

  /**
   * @throws TypeError when the text is not a decimal number: digits with point and exponent, `NaN`, `sNaN`, `Infinity`.
   */
  constructor(text: string) {
    if (typeof text !== 'string' || !decimalText.test(text)) {
      throw new TypeError(
        `Not a decimal number: ${JSON.stringify(text)?.slice(0, 60)}. Give its text, such as '1.10' or '1E+5'.`,
      );
    }
    this.text = text;
    Object.freeze(this);
  }

  static isDecimal(value: unknown): value is Decimal {
    return isValueOfKind(value, 'decimal');
  }

  toString(): string {
    return this.text;
  }

  toJSON(): string {
    return this.text;
  }

  /** The nearest JavaScript number; `NaN` for every kind of NaN. */
  toNumber(): number {
    const infinite = /^([+-]?)inf/i.exec(this.text);
    if (infinite === null) return Number(this.text);
    return infinite[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  }

  /** The same text: `1.10` and `1.1` are different values here, although they are equal numbers. */
  equals(other: unknown): boolean {
    return Decimal.isDecimal(other) && other.text === this.text;
  }
}
