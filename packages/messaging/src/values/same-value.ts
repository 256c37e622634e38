import { types } from 'node:util';
import { type ValueKind, valueKind } from './value-mark.js';
import { WireDate } from './wire-date.js';

/**
 * Whether two decoded values are the same in structure: arrays and plain objects by their members (a member that is
 * undefined counts as absent, as on the wire), bytes by content whichever class holds them, dates by the instant to the
 * microsecond (naive ones are not the same as aware ones), ctq's value classes by their text, `NaN` equal to itself.
 * Not for circular structures.
 */
export function isSameValue(left: unknown, right: unknown): boolean {
  if (left === right || (Number.isNaN(left) && Number.isNaN(right))) return true;
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false;
  if (Array.isArray(left) || Array.isArray(right)) return isSameArray(left, right);
  if (types.isDate(left) || types.isDate(right)) return isSameDate(left, right);
  if (types.isUint8Array(left) || types.isUint8Array(right)) return isSameBytes(left, right);
  const kind = valueKind(left);
  if (kind !== undefined || valueKind(right) !== undefined) return isSameText(kind, left, right);
  return isSameRecord(left as Record<string, unknown>, right as Record<string, unknown>);
}

function isSameArray(left: object, right: object): boolean {
  if (!Array.isArray(left) || !Array.isArray(right) || left.length !== right.length) return false;
  return left.every((item, index) => isSameValue(item, right[index]));
}

function isSameDate(left: object, right: object): boolean {
  if (!types.isDate(left) || !types.isDate(right) || left.getTime() !== right.getTime()) return false;
  return microsecond(left) === microsecond(right) && isNaive(left) === isNaive(right);
}

const microsecond = (date: Date): number => (WireDate.isWireDate(date) ? date.microsecond : 0);
const isNaive = (date: Date): boolean => WireDate.isWireDate(date) && date.isNaive;

function isSameBytes(left: object, right: object): boolean {
  return types.isUint8Array(left) && types.isUint8Array(right) && Buffer.compare(left, right) === 0;
}

function isSameText(kind: ValueKind | undefined, left: object, right: object): boolean {
  return kind === valueKind(right) && String(left) === String(right);
}

function isSameRecord(left: Record<string, unknown>, right: Record<string, unknown>): boolean {
  const keys = presentKeys(left);
  if (keys.length !== presentKeys(right).length) return false;
  return keys.every((key) => Object.hasOwn(right, key) && isSameValue(left[key], right[key]));
}

const presentKeys = (record: Record<string, unknown>): string[] =>
  Object.keys(record).filter((key) => record[key] !== undefined);
