import type * as jsYaml from 'js-yaml';
import { PlainDate } from '../values/plain-date.js';
import { WireDate } from '../values/wire-date.js';
import { maxIntegerDigits } from './json-writer.js';
import { setOwn } from './plain-object.js';

/** The expressions by which PyYAML takes a text without quotes for something else (PyYAML 6.0 resolver.py, add_implicit_resolver). */
const booleanText = /^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/;
const nullText = /^(?:~|null|Null|NULL|)$/;
const integerText = /^[-+]?(?:0b[0-1_]+|0[0-7_]+|0|[1-9][0-9_]*|0x[0-9a-fA-F_]+|[1-9][0-9_]*(?::[0-5]?[0-9])+)$/;
const floatText =
  /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;
const dateText = /^\d{4}-\d\d-\d\d$/;
const timestampText =
  /^(\d{4})-(\d\d?)-(\d\d?)(?:[Tt]|[ \t]+)(\d\d?):(\d\d):(\d\d)(?:\.(\d*))?(?:[ \t]*(Z|([-+])(\d\d?)(?::(\d\d))?))?$/;

/**
 * What PyYAML's SafeLoader reads (PyYAML 6.0 constructor.py, SafeConstructor), and no other tags: texts, numbers, truths, null,
 * bytes, dates, lists, mappings, sets. js-yaml's own tags differ where YAML 1.2 differs from 1.1, lose microseconds and digits, and make
 * dates without a time into instants.
 *
 * @internal
 */
export function pythonSchema(
  yaml: Pick<
    typeof jsYaml,
    'Schema' | 'defineScalarTag' | 'defineSequenceTag' | 'defineMappingTag' | 'mergeTag' | 'NOT_RESOLVED' | 'strTag'
  >,
): jsYaml.Schema {
  const { defineScalarTag, defineSequenceTag, defineMappingTag, NOT_RESOLVED } = yaml;
  const implicit = (
    name: string,
    matches: (text: string, isExplicit: boolean) => boolean,
    resolve: (text: string) => unknown,
  ): jsYaml.ScalarTagDefinition =>
    defineScalarTag<unknown>(`tag:yaml.org,2002:${name}`, {
      implicit: true,
      resolve: (text, isExplicit) => (matches(text, isExplicit) ? resolve(text) : NOT_RESOLVED),
      identify: () => false,
    });
  const record = { get: (held: object, key: unknown) => (held as Record<string, unknown>)[keyText(key)] };
  return new yaml.Schema([
    yaml.strTag,
    yaml.mergeTag,
    implicit(
      'null',
      (text) => nullText.test(text),
      () => null,
    ),
    implicit(
      'bool',
      (text) => booleanText.test(text),
      (text) => /^(?:y|t|on)/i.test(text),
    ),
    implicit('int', (text) => integerText.test(text), readInteger),
    implicit('float', (text, isExplicit) => floatText.test(text) || (isExplicit && /^[-+]?\d+$/.test(text)), readFloat),
    implicit('timestamp', (text) => dateText.test(text) || timestampText.test(text), readTimestamp),
    defineScalarTag('tag:yaml.org,2002:binary', { resolve: readBinary, identify: () => false }),
    defineSequenceTag<unknown[]>('tag:yaml.org,2002:seq', {
      create: () => [],
      addItem: (list, item) => void list.push(item),
      identify: () => false,
    }),
    defineMappingTag<Record<string, unknown>>('tag:yaml.org,2002:map', {
      create: () => ({}),
      addPair: (held, key, value) => {
        setOwn(held, keyText(key), value);
        return '';
      },
      has: (held, key) => Object.hasOwn(held, keyText(key)),
      keys: (held) => Object.keys(held),
      get: record.get,
      identify: () => false,
    }),
    defineMappingTag<Set<unknown>>('tag:yaml.org,2002:set', {
      create: () => new Set(),
      addPair: (set, member) => {
        set.add(member);
        return '';
      },
      has: (set, member) => set.has(member),
      keys: (set) => set,
      get: () => null,
      identify: () => false,
    }),
  ]);
}

/** Keys become texts as in JSON (CPython json/encoder.py: None is `null`, True is `true`). */
function keyText(key: unknown): string {
  if (typeof key === 'object' && key !== null && !(key instanceof Date) && !PlainDate.isPlainDate(key)) {
    throw new TypeError('a list, a mapping or bytes are no keys');
  }
  return key instanceof WireDate ? key.toIsoText() : String(key);
}

/** Decimal, binary, octal, hexadecimal, and `1:30`, which is 90 (PyYAML 6.0 constructor.py, construct_yaml_int). */
function readInteger(source: string): number | bigint {
  if (source.length > maxIntegerDigits) throw new RangeError(`an integer of more than ${maxIntegerDigits} digits`);
  const text = source.replaceAll('_', '').toLowerCase();
  const [, sign, digits = ''] = /^([-+]?)(.*)$/s.exec(text) ?? [];
  let value: bigint;
  if (digits.includes(':')) value = digits.split(':').reduce((sum, part) => sum * 60n + BigInt(part), 0n);
  else if (/^0[bx]$/.test(digits)) throw new SyntaxError(`${source} has no digits`);
  else value = BigInt(/^0[0-7]+$/.test(digits) ? `0o${digits}` : digits);
  const signed = sign === '-' ? -value : value;
  return Number.isSafeInteger(Number(signed)) ? Number(signed) : signed;
}

function readFloat(source: string): number {
  const text = source.replaceAll('_', '').toLowerCase();
  const [, sign, digits = ''] = /^([-+]?)(.*)$/s.exec(text) ?? [];
  if (digits === '.nan') return Number.NaN;
  const size = digits === '.inf' ? Number.POSITIVE_INFINITY : sexagesimal(digits);
  return sign === '-' ? -size : size;
}

function sexagesimal(digits: string): number {
  return digits.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
}

function readTimestamp(text: string): PlainDate | WireDate {
  const match = timestampText.exec(text);
  if (match === null) return PlainDate.from(text);
  const [, year, month, day, hour, minute, second, fraction, zone, sign, zoneHour, zoneMinute = '00'] = match;
  const two = (part: string | undefined): string => (part ?? '').padStart(2, '0');
  const micros = fraction === undefined || fraction === '' ? '' : `.${fraction.slice(0, 6)}`;
  const offset = zone === undefined ? '' : zone === 'Z' ? 'Z' : `${sign}${two(zoneHour)}:${zoneMinute}`;
  return new WireDate(`${year}-${two(month)}-${two(day)}T${two(hour)}:${minute}:${second}${micros}${offset}`);
}

function readBinary(source: string): Uint8Array {
  const text = source.replaceAll(/\s/g, '');
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw new TypeError('!!binary is not base64');
  // A copy: Buffer.from takes small ones out of a pool that other data shares.
  return new Uint8Array(Buffer.from(text, 'base64'));
}
