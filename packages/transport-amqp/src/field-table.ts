import { EncodeError } from '@ctq/messaging';

/**
 * Headers and arguments as amqplib is given them. Integers have one of two types, as py-amqp writes them (py-amqp 5.3 serialization.py, _write_item): amqplib's own choice
 * includes 16 bits under the letter `s`, which released versions of py-amqp read as a text.
 * @throws EncodeError for what a field table cannot hold.
 */
export function toFieldTable(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const table: Record<string, unknown> = {};
  for (const name in values) {
    const value = values[name];
    if (value === undefined) continue;
    if (Buffer.byteLength(name) > longestName)
      throw new EncodeError(
        `The header '${name.slice(0, 20)}…' is too long: AMQP has ${longestName} bytes for a name.`,
      );
    table[name] = typeof value === 'string' ? value : toField(name, value);
  }
  return table;
}

/** Plain data of what amqplib read. */
export function fromFieldTable(table: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const name in table) {
    const value = table[name];
    values[name] = typeof value === 'object' && value !== null ? fromField(value) : value;
  }
  return values;
}

const longestName = 255;
const int32 = 0x7fff_ffff;
const int64 = { least: -(2n ** 63n), most: 2n ** 63n - 1n };

/** amqplib's way to name a type. */
interface Typed {
  readonly '!': string;
  readonly value: unknown;
}

function toField(name: string, value: unknown): unknown {
  switch (typeof value) {
    case 'number':
      return Number.isSafeInteger(value) ? toInteger(value) : { '!': 'double', value };
    case 'bigint':
      if (value < int64.least || value > int64.most) throw unfit(name, 'an integer of more than 64 bits');
      return { '!': 'long', value };
    case 'string':
    case 'boolean':
      return value;
    case 'object':
      if (value === null) return null;
      if (Array.isArray(value)) return value.map((item: unknown) => toField(name, item ?? null));
      if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
      if (value instanceof Date) return { '!': 'timestamp', value: Math.floor(value.getTime() / 1_000) };
      if (Object.hasOwn(value, '!')) throw unfit(name, "an object with a member '!'");
      return toFieldTable(value as Record<string, unknown>);
    default:
      throw unfit(name, `a ${typeof value}`);
  }
}

function toInteger(value: number): Typed {
  return { '!': Math.abs(value) > int32 ? 'long' : 'int', value };
}

function fromField(value: object): unknown {
  if (Array.isArray(value))
    return value.map((item: unknown) => (typeof item === 'object' && item !== null ? fromField(item) : item));
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8');
  if (isTyped(value)) return fromTyped(value);
  return fromFieldTable(value as Record<string, unknown>);
}

/** amqplib gives timestamps and decimals so; a table with a header of that name would have other members too. */
function isTyped(value: object): value is Typed {
  return '!' in value && 'value' in value;
}

function fromTyped({ '!': type, value }: Typed): unknown {
  if (type === 'timestamp') return new Date(Number(value) * 1_000).toISOString();
  if (type === 'decimal') {
    const { places, digits } = value as { readonly places: number; readonly digits: number };
    return digits / 10 ** places;
  }
  return value;
}

function unfit(name: string, what: string): EncodeError {
  return new EncodeError(`The header '${name}' holds ${what}, which AMQP has no type for.`);
}
