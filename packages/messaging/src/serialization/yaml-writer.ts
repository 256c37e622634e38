import { types } from 'node:util';
import { toError } from '@ctq/runtime';
import { EncodeError } from '../errors.js';
import { valueKind } from '../values/value-mark.js';
import { isoText, type WireDate } from '../values/wire-date.js';
import { maxDepth } from './json-scan.js';
import { maxIntegerDigits } from './json-writer.js';
import { isPlainObject } from './plain-object.js';
import { describeUnencodable } from './unencodable.js';
import { describePath } from './value-path.js';

/** What PyYAML takes for a line break, or refuses to read at all, unless it is escaped (PyYAML 6.0 reader.py, NON_PRINTABLE). */
const unsafeCharacters = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;

/** A key whose text is longer has to be announced (YAML 1.1, 9.3.3: simple keys; PyYAML 6.0 scanner.py, stale_possible_simple_keys). */
const longestSimpleKey = 1000;

/**
 * Writes YAML 1.1 in its flow style, with every text in double quotes: nothing that is sent depends on what a reader takes for a
 * number, a date or a truth when it is not quoted. What PyYAML reads from it is what `yaml.safe_dump` would have been given.
 *
 * @throws EncodeError, and nothing else, naming the place. @internal
 */
export function writeYaml(root: unknown): string {
  const path: (string | number)[] = [];
  const open = new Set<object>();
  const fail = (reason: string, cause?: unknown): EncodeError => {
    const place = describePath(root, path.slice(0, 20));
    return new EncodeError(`Cannot encode ${place} as YAML: ${reason}.`, { cause, details: { path: [...path] } });
  };

  const write = (value: unknown): string => {
    switch (typeof value) {
      case 'undefined':
        return 'null';
      case 'string':
        return quoted(value);
      case 'boolean':
        return value ? 'true' : 'false';
      case 'number':
        return numberText(value);
      case 'bigint':
        return integerText(value);
      case 'object':
        return value === null ? 'null' : writeObject(value);
      default:
        throw fail(describeUnencodable(value));
    }
  };

  const integerText = (value: bigint): string => {
    const text = value.toString();
    if (text.length <= maxIntegerDigits) return text;
    throw fail(`an integer of more than ${maxIntegerDigits} digits: Python refuses to read it; send it as a string`);
  };

  const writeObject = (value: object): string => {
    if (types.isUint8Array(value)) {
      return `!!binary "${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')}"`;
    }
    const kind = valueKind(value);
    if (kind === 'datetime') return timestampText((value as WireDate).toIsoText());
    if (kind === 'date') return String(value);
    if (kind !== undefined) {
      throw fail(`YAML in Kombu has no type for a ${kind}; send its text, or use the json serializer`);
    }
    if (types.isDate(value)) return timestampText(isoText(value));
    if (open.has(value)) throw fail('the structure is circular here: send ids instead of references to parents');
    if (open.size >= maxDepth) throw fail(`nested more than ${maxDepth} levels deep`);
    open.add(value);
    const text = Array.isArray(value)
      ? `[${value.map((item, index) => at(index, item)).join(', ')}]`
      : writeRecord(value);
    open.delete(value);
    return text;
  };

  const writeRecord = (value: object): string => {
    const { toJSON } = value as { readonly toJSON?: unknown };
    if (typeof toJSON === 'function') {
      const reduced: unknown = toJSON.call(value, String(path.at(-1) ?? ''));
      if (reduced !== value) return write(reduced);
    } else if (!isPlainObject(value)) throw fail(describeUnencodable(value));
    const members: string[] = [];
    for (const [name, member] of Object.entries(value)) {
      if (member === undefined) continue;
      const key = quoted(name);
      members.push(`${key.length > longestSimpleKey ? `? ${key} ` : key}: ${at(name, member)}`);
    }
    return `{${members.join(', ')}}`;
  };

  const at = (key: string | number, value: unknown): string => {
    path.push(key);
    const text = write(value);
    path.pop();
    return text;
  };

  try {
    return write(root);
  } catch (error) {
    throw EncodeError.isInstance(error)
      ? error
      : fail(`${toError(error).message} (thrown by a getter or a toJSON method, or a date without ISO text)`, error);
  }
}

function quoted(text: string): string {
  return JSON.stringify(text).replace(
    unsafeCharacters,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** With a point, and a sign before the exponent, or PyYAML reads text (PyYAML 6.0 resolver.py: `1e100` is no float there). */
function numberText(value: number): string {
  if (Number.isNaN(value)) return '.nan';
  if (!Number.isFinite(value)) return value > 0 ? '.inf' : '-.inf';
  if (Object.is(value, -0)) return '-0.0';
  const text = String(value);
  if (Number.isSafeInteger(value)) return text;
  if (text.includes('.')) return text;
  return text.includes('e') ? text.replace('e', '.0e') : `${text}.0`;
}

/** Always with a time, so that it is not read as a date; a fraction has six digits at most. */
function timestampText(iso: string): string {
  const match = /^([\d-]{10})(?:[T ](\d\d:\d\d)(:\d\d)?(?:[.,](\d{1,6})\d*)?(Z|[+-]\d\d(?::?\d\d)?)?)?$/.exec(iso);
  if (match === null) throw new TypeError(`YAML has no form for the offset of ${iso}`);
  const [, date, time = '00:00', seconds = ':00', fraction, offset = ''] = match;
  const zone = /^[+-]\d{4}$/.test(offset) ? `${offset.slice(0, 3)}:${offset.slice(3)}` : offset;
  return `${date} ${time}${seconds}${fraction === undefined ? '' : `.${fraction}`}${zone}`;
}
