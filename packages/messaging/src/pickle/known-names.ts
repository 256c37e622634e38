import { types } from 'node:util';
import { digits, PlainDate } from '../values/plain-date.js';
import { PlainTime } from '../values/plain-time.js';
import { Decimal } from '../values/decimal.js';
import { Uuid } from '../values/uuid.js';
import { WireDate } from '../values/wire-date.js';

/** What a pickle names and that is known here. Never a value of its own: it must have been called. @internal */
export class KnownName {
  readonly name: string;
  /** The value of a call. */
  readonly call: (args: readonly unknown[], copies: CopyBudget) => unknown;

  constructor(name: string, call: KnownName['call']) {
    this.name = name;
    this.call = call;
  }
}

/** A UUID between its making and its state. @internal */
export class PendingUuid {
  uuid: Uuid | undefined;

  /** `{int: …}` (CPython 3.11 uuid.py, __setstate__). */
  build(state: unknown): void {
    const { int: number } = Object(state) as { readonly int?: unknown };
    const value = typeof number === 'number' ? BigInt(number) : number;
    if (typeof value !== 'bigint' || value < 0n || value >= 1n << 128n)
      throw new TypeError('a UUID without its number');
    this.uuid = new Uuid(value.toString(16).padStart(32, '0'));
  }
}

/** A time span, which only has a place in a zone. */
class TimeSpan {
  readonly micros: number;

  constructor(micros: number) {
    this.micros = micros;
  }
}

/** A fixed offset from UTC: what stands behind a time. */
class Zone {
  readonly offset: string;

  constructor(offset: string) {
    this.offset = offset;
  }
}

/**
 * Instructions copy what they are given, and may be given the same again and again. An honest pickle copies everything at most twice.
 *
 * @internal
 */
export class CopyBudget {
  #left: number;

  constructor(pickleBytes: number) {
    this.#left = pickleBytes * 4;
  }

  spend(count: number): void {
    this.#left -= count;
    if (this.#left < 0) throw new RangeError('it makes more of its data than it holds');
  }
}

/** The name of a module and of a member of it, with a space between them. @internal */
export function knownName(name: string): KnownName | undefined {
  return knownNames.get(name);
}

/** Stands for a class that a UUID is made of. @internal */
export function isUuidClass(value: unknown): boolean {
  return value === uuidClass;
}

const uuidClass = new KnownName('uuid UUID', () => {
  throw new TypeError('a UUID that is made in an unusual way');
});
const plainObject = new KnownName('builtins object', () => {
  throw new TypeError('an object without a class');
});

/** In Python 2 some modules had other names, which protocols 0 to 2 use to this day (CPython 3.11 _compat_pickle.py). */
const knownNames: ReadonlyMap<string, KnownName> = new Map(
  [
    uuidClass,
    plainObject,
    new KnownName('__builtin__ object', plainObject.call),
    ...['builtins', '__builtin__'].flatMap((module) => [
      new KnownName(`${module} set`, makeSet),
      new KnownName(`${module} frozenset`, makeSet),
      new KnownName(`${module} bytes`, makeBytes),
      new KnownName(`${module} bytearray`, makeBytes),
    ]),
    new KnownName('_codecs encode', encodeLatin1),
    new KnownName('collections OrderedDict', makeRecord),
    new KnownName('datetime datetime', makeDateTime),
    new KnownName('datetime date', makeDate),
    new KnownName('datetime time', makeTime),
    new KnownName('datetime timedelta', makeTimeSpan),
    new KnownName('datetime timezone', makeZone),
    new KnownName('decimal Decimal', makeDecimal),
    ...['copyreg', 'copy_reg'].map((module) => new KnownName(`${module} _reconstructor`, reconstruct)),
  ].map((known) => [known.name, known]),
);

/** `_reconstructor(UUID, object, None)`: an object without state (CPython 3.11 copyreg.py). */
function reconstruct(args: readonly unknown[]): PendingUuid {
  if (args[0] === uuidClass && args.length === 3 && args[2] === null) return new PendingUuid();
  throw new TypeError('an object of a class that is not data');
}

function makeSet(args: readonly unknown[], copies: CopyBudget): Set<unknown> {
  const [members = []] = args;
  if (!Array.isArray(members)) throw new TypeError('a set of something else than a list');
  copies.spend(members.length);
  return new Set(members);
}

function makeRecord(args: readonly unknown[]): Record<string, unknown> {
  if (args.length > 0) throw new TypeError('an OrderedDict that is made in an unusual way');
  return {};
}

/** From bytes, or a text and its encoding; never from a number, which would be a length. */
function makeBytes(args: readonly unknown[], copies: CopyBudget): Uint8Array {
  const [source] = args;
  if (source === undefined) return new Uint8Array();
  if (typeof source === 'string') return encodeLatin1(args, copies);
  if (!types.isUint8Array(source)) throw new TypeError('bytes of something else than bytes');
  copies.spend(source.length);
  return source.slice();
}

/** How protocols 0 to 2 carry bytes: as text of which each character is one. */
function encodeLatin1(args: readonly unknown[], copies: CopyBudget): Uint8Array {
  const [text, encoding] = args;
  if (typeof text !== 'string' || (encoding !== 'latin1' && encoding !== 'latin-1')) {
    throw new TypeError('an encoding that is not Latin-1');
  }
  if (/[^\0-\xff]/.test(text)) throw new TypeError('a text that is not Latin-1');
  copies.spend(text.length);
  return new Uint8Array(Buffer.from(text, 'latin1'));
}

function makeDecimal(args: readonly unknown[]): Decimal {
  if (typeof args[0] !== 'string') throw new TypeError('a Decimal without its text');
  return new Decimal(args[0]);
}

/** 10 bytes: the year in two, the month with a flag for the second of two equal hours, …, microseconds in three. */
function makeDateTime(args: readonly unknown[]): WireDate {
  const bytes = packed(args[0], 10);
  const month = (bytes[2] ?? 0) & 0x7f;
  return new WireDate(`${dateOf(bytes, month)}T${timeOf(bytes.subarray(4))}${offsetOf(args[1])}`);
}

function makeDate(args: readonly unknown[]): PlainDate {
  const bytes = packed(args[0], 4);
  return PlainDate.from(dateOf(bytes, bytes[2] ?? 0));
}

function makeTime(args: readonly unknown[]): PlainTime {
  const bytes = packed(args[0], 6).slice();
  bytes[0] = (bytes[0] ?? 0) & 0x7f;
  return PlainTime.from(timeOf(bytes) + offsetOf(args[1]));
}

function makeTimeSpan(args: readonly unknown[]): TimeSpan {
  const [days = 0, seconds = 0, micros = 0] = args;
  return new TimeSpan(integer(days) * 86_400_000_000 + integer(seconds) * 1_000_000 + integer(micros));
}

function makeZone(args: readonly unknown[]): Zone {
  const [span] = args;
  if (!(span instanceof TimeSpan)) throw new TypeError('a zone without its offset');
  const { micros } = span;
  const minutes = Math.floor(Math.abs(micros) / 60_000_000);
  // Offsets of a part of a minute were in use until 1972.
  const rest = Math.abs(micros) % 60_000_000;
  const fraction = rest % 1_000_000 === 0 ? '' : `.${digits(rest % 1_000_000, 6)}`;
  const seconds = rest === 0 ? '' : `:${digits(Math.floor(rest / 1_000_000), 2)}${fraction}`;
  return new Zone(
    `${micros < 0 ? '-' : '+'}${digits(Math.floor(minutes / 60), 2)}:${digits(minutes % 60, 2)}${seconds}`,
  );
}

function packed(value: unknown, length: number): Uint8Array {
  if (types.isUint8Array(value) && value.length === length) return value;
  throw new TypeError('a date or time without its bytes');
}

function dateOf(bytes: Uint8Array, month: number): string {
  const [high = 0, low = 0, , day = 0] = bytes;
  return `${digits(high * 256 + low, 4)}-${digits(month, 2)}-${digits(day, 2)}`;
}

function timeOf(bytes: Uint8Array): string {
  const [hour = 0, minute = 0, second = 0, high = 0, middle = 0, low = 0] = bytes;
  const micros = high * 65_536 + middle * 256 + low;
  const whole = `${digits(hour, 2)}:${digits(minute, 2)}:${digits(second, 2)}`;
  return micros === 0 ? whole : `${whole}.${digits(micros, 6)}`;
}

function offsetOf(zone: unknown): string {
  if (zone === undefined || zone === null) return '';
  if (zone instanceof Zone) return zone.offset;
  throw new TypeError('a zone that is not a fixed offset');
}

function integer(value: unknown): number {
  if (Number.isSafeInteger(value)) return Number(value);
  throw new TypeError('a time span that is not made of integers');
}
