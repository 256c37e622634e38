import { isValueOfKind, markValues } from './value-mark.js';

const canonicalUuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const hexUuid = /^[0-9a-f]{32}$/;

/**
 * A UUID that Python receives as `uuid.UUID` and not as a string. Task ids and the like are plain strings everywhere in
 * ctq; this is for arguments and results.
 */
export class Uuid {
  static {
    markValues(this.prototype, 'uuid');
  }

  /** Canonical: lower case, with hyphens. */
  readonly text: string;

  /** Takes the canonical form, in any case, or the 32 digits alone. @throws TypeError for anything else. */
  constructor(text: string) {
    const lower = typeof text === 'string' && text.length <= 36 ? text.toLowerCase() : '';
    if (canonicalUuid.test(lower)) this.text = lower;
    else if (hexUuid.test(lower)) this.text = lower.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
    else
      throw new TypeError(
        `Not a UUID: ${JSON.stringify(text)?.slice(0, 60)}. Give 32 hexadecimal digits, with or without hyphens.`,
      );
    Object.freeze(this);
  }

  static isUuid(value: unknown): value is Uuid {
    return isValueOfKind(value, 'uuid');
  }

  /** The 32 digits without hyphens: the wire form (kombu 5.6 utils/json.py, `{"hex": o.hex}`). */
  get hex(): string {
    return this.text.replaceAll('-', '');
  }

  toString(): string {
    return this.text;
  }

  toJSON(): string {
    return this.text;
  }

  equals(other: unknown): boolean {
    return Uuid.isUuid(other) && other.text === this.text;
  }
}
