import { isUtf8 } from 'node:buffer';
import { types as nodeTypes } from 'node:util';
import { toError } from '@ctq/runtime';
import { DecodeError } from '../errors.js';
import { Decimal } from '../values/decimal.js';
import { PlainDate } from '../values/plain-date.js';
import { PlainTime } from '../values/plain-time.js';
import { Uuid } from '../values/uuid.js';
import { valueKind } from '../values/value-mark.js';
import { isoText, WireDate } from '../values/wire-date.js';
import { decodeUtf8, hasLoneSurrogate } from './utf8.js';

/**
 * A class of values that JSON shall carry, on both sides of the wire: Python's half is
 * `kombu.utils.json.register_type(type, marker, encoder, decoder)` (kombu 5.6 utils/json.py).
 *
 * ```ts
 * const money: JsonType<Money> = {
 *   name: 'money',
 *   is: (value) => value instanceof Money,
 *   encode: (money) => [money.amount, money.currency],
 *   decode: (wire) => Money.parse(wire),
 * };
 * ```
 */
export interface JsonType<Value = unknown> {
  /**
   * The `__type__` on the wire. Without it the encoded form stands for itself and nothing is decoded (Kombu's marker
   * `None`).
   */
  readonly name?: string;
  /** Asked only for objects that are neither plain nor arrays. */
  is(value: object): boolean;
  /** The form that is sent: anything that JSON can hold, further registered values included. */
  encode(value: Value): unknown;
  /** From the form that was sent. What it throws becomes a DecodeError. */
  decode?(wire: unknown): Value;
}

/** An encoded value and the `__type__` it goes under, if any. @internal */
export interface TypedForm {
  readonly name: string | undefined;
  readonly form: unknown;
}

/** The wire types of one serializer: the registered ones before Kombu's own. @internal */
export class JsonTypes {
  readonly #registered: readonly JsonType[];
  readonly #decoders: ReadonlyMap<string, (wire: unknown) => unknown>;

  constructor(registered: readonly JsonType[]) {
    this.#registered = registered;
    const decoders = new Map(kombuDecoders);
    for (const type of registered) {
      if (type.name !== undefined)
        decoders.set(type.name, (wire) => (type.decode === undefined ? wire : type.decode(wire)));
    }
    this.#decoders = decoders;
  }

  /** The form of an object that is neither plain nor an array; undefined when no type knows it. */
  encode(value: object): TypedForm | undefined {
    for (const type of this.#registered) {
      if (type.is(value)) return { name: type.name, form: type.encode(value) };
    }
    return encodeKombuType(value);
  }

  /** @throws DecodeError for an unknown type, as Kombu raises, and for a form that is not the type's. */
  decode(name: unknown, form: unknown): unknown {
    const decoder = typeof name === 'string' ? this.#decoders.get(name) : undefined;
    if (decoder === undefined) {
      throw new DecodeError(
        `The content holds a value of the unknown type ${JSON.stringify(name)?.slice(0, 80)} (__type__). Register it ` +
          'with createJsonSerializer({ types: [{ name, is, encode, decode }] }), or let the sender send plain data.',
      );
    }
    try {
      return decoder(form);
    } catch (cause) {
      const reason = toError(cause).message;
      throw new DecodeError(`The content holds a ${String(name)} (__type__) that cannot be read: ${reason}`, { cause });
    }
  }
}

function encodeKombuType(value: object): TypedForm | undefined {
  switch (valueKind(value)) {
    case 'decimal':
    case 'date':
    case 'time':
      return { name: valueKind(value), form: String(value) };
    case 'uuid':
      return { name: 'uuid', form: { hex: (value as Uuid).hex } };
    case 'datetime':
      return { name: 'datetime', form: (value as WireDate).toIsoText() };
    case undefined:
      break;
  }
  if (nodeTypes.isDate(value)) return { name: 'datetime', form: isoText(value) };
  if (!nodeTypes.isUint8Array(value)) return undefined;
  if (isUtf8(value)) return { name: 'bytes', form: decodeUtf8(value) };
  return { name: 'base64', form: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64') };
}

const kombuDecoders: ReadonlyMap<string, (wire: unknown) => unknown> = new Map<string, (wire: unknown) => unknown>([
  ['datetime', (wire) => new WireDate(text(wire))],
  // Kombu reads a date through datetime.fromisoformat, so a time behind it is dropped.
  ['date', (wire) => PlainDate.from(text(wire).replace(/^(.{10})[T ].*$/, '$1'))],
  ['time', (wire) => PlainTime.from(text(wire))],
  ['decimal', (wire) => new Decimal(text(wire))],
  ['uuid', (wire) => new Uuid(text((wire as { readonly hex?: unknown } | null)?.hex))],
  ['bytes', (wire) => decodeBytes(text(wire))],
  ['base64', (wire) => decodeBase64(text(wire))],
]);

function text(wire: unknown): string {
  if (typeof wire === 'string') return wire;
  throw new TypeError('its __value__ is not the text it should be.');
}

function decodeBytes(wire: string): Uint8Array {
  if (hasLoneSurrogate(wire)) throw new TypeError('half of a surrogate pair has no UTF-8 form.');
  return new TextEncoder().encode(wire);
}

function decodeBase64(wire: string): Uint8Array {
  if (wire.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(wire))
    throw new TypeError('it is not standard base64 with padding.');
  // A copy: Buffer.from takes small ones out of a pool that other data shares.
  return new Uint8Array(Buffer.from(wire, 'base64'));
}
