import { types } from 'node:util';
import { setOwn } from '../serialization/plain-object.js';
import { checkSharedValues } from '../serialization/shared-values.js';
import { PlainDate } from '../values/plain-date.js';
import { valueKind } from '../values/value-mark.js';
import { WireDate } from '../values/wire-date.js';
import { CopyBudget, isUuidClass, knownName, KnownName, PendingUuid } from './known-names.js';
import { PickleInput } from './pickle-input.js';
import { asciiOf, floatOf, integerOf, quotedTextOf, rawUnicodeOf } from './pickle-texts.js';

const newestProtocol = 5;

/** One byte of a pickle can be an empty set, which takes two hundred in memory. */
const maxObjects = 1_000_000;

/**
 * The value that a pickle describes, when it is plain data.
 *
 * @throws Error for everything else, in the middle of a sentence; DecodeError for what is circular, too deep, or too much once it is
 *   written out. @internal
 */
export function readPickle(bytes: Uint8Array): unknown {
  const value = new PickleMachine(bytes).run();
  // First, since what comes next walks.
  checkSharedValues(value, 'pickle');
  return finished(value, new Set());
}

/** The machine with a stack and a memo that a pickle is a program for (CPython 3.11 pickle.py, _Unpickler; pickletools.py). */
class PickleMachine {
  readonly #input: PickleInput;
  readonly #copies: CopyBudget;
  readonly #stack: unknown[] = [];
  /** Where on the stack collections begin. */
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, unknown>();
  #objects = 0;

  constructor(bytes: Uint8Array) {
    this.#input = new PickleInput(bytes);
    this.#copies = new CopyBudget(bytes.length);
  }

  run(): unknown {
    for (let code = this.#input.byte(); code !== stop; code = this.#input.byte()) this.#execute(code);
    const value = this.#pop();
    if (this.#stack.length > 0 || this.#marks.length > 0) throw new TypeError('it leaves something behind');
    if (!this.#input.isAtEnd) throw new TypeError('something follows its end');
    return value;
  }

  #execute(code: number): void {
    const character = code < 0x80 ? String.fromCharCode(code) : code;
    if (this.#pushes(character) || this.#collects(character) || this.#remembers(character)) return;
    switch (character) {
      case 'c':
        return this.#pushName(this.#input.line(), this.#input.line());
      case 0x93: {
        const name = this.#pop();
        return this.#pushName(this.#pop(), name);
      }
      case 'R': {
        const args = this.#popList();
        const callee = this.#pop();
        if (!(callee instanceof KnownName)) throw new TypeError('a call of something that is not known');
        return this.#make(callee.call(args, this.#copies));
      }
      case 0x81: {
        const args = this.#popList();
        if (!isUuidClass(this.#pop()) || args.length > 0) throw new TypeError('an object of a class that is not data');
        return this.#make(new PendingUuid());
      }
      case 'b': {
        const state = this.#pop();
        const pending = this.#top();
        if (!(pending instanceof PendingUuid)) throw new TypeError('an object that is built from its state');
        return pending.build(state);
      }
      case 0x80:
        if (this.#input.byte() > newestProtocol) throw new TypeError('a protocol that is not known');
        return;
      case 0x95:
        this.#input.uint64();
        return;
    }
    throw new TypeError(refusedInstructions.get(character) ?? 'an instruction that is not known');
  }

  /** Instructions that only put a value there. */
  #pushes(code: string | number): boolean {
    const read = literals.get(code);
    if (read === undefined) return false;
    this.#make(read(this.#input));
    return true;
  }

  #collects(code: string | number): boolean {
    switch (code) {
      case '(':
        this.#marks.push(this.#stack.length);
        break;
      case '0':
        this.#pop();
        break;
      case '1':
        this.#popToMark();
        break;
      case '2':
        this.#push(this.#top());
        break;
      case 't':
      case 'l':
        this.#make(this.#popToMark());
        break;
      case 0x85:
      case 0x86:
      case 0x87:
        this.#make(this.#popMany(code - 0x84));
        break;
      case 0x91:
        this.#make(new Set(this.#popToMark()));
        break;
      case 'd':
        this.#make(setItems({}, this.#popToMark()));
        break;
      case 'a':
        append(this.#popMany(1), this.#top());
        break;
      case 'e':
        append(this.#popToMark(), this.#top());
        break;
      case 's': {
        const items = this.#popMany(2);
        setItems(this.#top(), items);
        break;
      }
      case 'u': {
        const items = this.#popToMark();
        setItems(this.#top(), items);
        break;
      }
      case 0x90: {
        const members = this.#popToMark();
        const set = this.#top();
        if (!types.isSet(set)) throw new TypeError('members of something that is no set');
        for (const member of members) set.add(member);
        break;
      }
      default:
        return false;
    }
    return true;
  }

  #remembers(code: string | number): boolean {
    switch (code) {
      case 'p':
        this.#remember(Number(integerOf(this.#input.line())));
        break;
      case 'q':
        this.#remember(this.#input.byte());
        break;
      case 'r':
        this.#remember(this.#input.uint32());
        break;
      case 0x94:
        this.#remember(this.#memo.size);
        break;
      case 'g':
        this.#recall(Number(integerOf(this.#input.line())));
        break;
      case 'h':
        this.#recall(this.#input.byte());
        break;
      case 'j':
        this.#recall(this.#input.uint32());
        break;
      default:
        return false;
    }
    return true;
  }

  #remember(index: number): void {
    this.#memo.set(index, this.#top());
  }

  #recall(index: number): void {
    if (!this.#memo.has(index)) throw new TypeError('a memory that there is not');
    this.#push(this.#memo.get(index));
  }

  #pushName(module: unknown, name: unknown): void {
    const known = typeof module === 'string' && typeof name === 'string' ? knownName(`${module} ${name}`) : undefined;
    if (known === undefined) {
      const shown = JSON.stringify(`${String(module)}.${String(name)}`.slice(0, 100));
      throw new TypeError(`it names ${shown}, which is not among the types of data that are read`);
    }
    this.#push(known);
  }

  #push(value: unknown): void {
    this.#stack.push(value);
  }

  /** What was not there before. */
  #make(value: unknown): void {
    if (typeof value === 'object' && value !== null && ++this.#objects > maxObjects) {
      throw new RangeError(`it makes more than ${maxObjects} lists, dicts and the like`);
    }
    this.#push(value);
  }

  #top(): unknown {
    this.#needs(1);
    return this.#stack.at(-1);
  }

  #pop(): unknown {
    this.#needs(1);
    return this.#stack.pop();
  }

  #popMany(count: number): unknown[] {
    this.#needs(count);
    return this.#stack.splice(-count);
  }

  #popList(): readonly unknown[] {
    const list = this.#pop();
    if (!Array.isArray(list)) throw new TypeError('a call without arguments');
    return list;
  }

  #popToMark(): unknown[] {
    const mark = this.#marks.pop();
    if (mark === undefined) throw new TypeError('a collection without a beginning');
    return this.#stack.splice(mark);
  }

  /** Never across the beginning of a collection. */
  #needs(count: number): void {
    if (this.#stack.length - (this.#marks.at(-1) ?? 0) < count) throw new TypeError('it takes more than there is');
  }
}

const stop = 0x2e;

const literals: ReadonlyMap<string | number, (input: PickleInput) => unknown> = new Map<
  string | number,
  (input: PickleInput) => unknown
>([
  ['N', () => null],
  [0x88, () => true],
  [0x89, () => false],
  ['I', readInt],
  ['L', (input) => integerOf(input.line().replace(/L$/, ''))],
  ['J', (input) => input.int32()],
  ['K', (input) => input.byte()],
  ['M', (input) => input.uint16()],
  [0x8a, (input) => input.integer(input.byte())],
  [0x8b, (input) => input.integer(input.uint32())],
  ['F', (input) => floatOf(input.line())],
  ['G', (input) => input.float()],
  ['S', (input) => quotedTextOf(input.line())],
  ['T', (input) => asciiOf(Buffer.from(input.bytes(input.uint32())).toString('latin1'))],
  ['U', (input) => asciiOf(Buffer.from(input.bytes(input.byte())).toString('latin1'))],
  ['V', (input) => rawUnicodeOf(input.line())],
  ['X', (input) => input.text(input.uint32())],
  [0x8c, (input) => input.text(input.byte())],
  [0x8d, (input) => input.text(input.uint64())],
  ['B', (input) => input.bytes(input.uint32())],
  ['C', (input) => input.bytes(input.byte())],
  [0x8e, (input) => input.bytes(input.uint64())],
  [0x96, (input) => input.bytes(input.uint64())],
  [']', () => []],
  [')', () => []],
  ['}', () => ({})],
  [0x8f, () => new Set()],
]);

/** Truths were integers with two digits in protocol 0. */
function readInt(input: PickleInput): unknown {
  const line = input.line();
  return line === '00' || line === '01' ? line === '01' : integerOf(line);
}

const object = 'an object of a class that is not data';
const outside = 'something that is not in it: buffers, persistent ids and extensions of the sender';
const refusedInstructions: ReadonlyMap<string | number, string> = new Map<string | number, string>([
  ['i', object],
  ['o', object],
  [0x92, object],
  ['P', outside],
  ['Q', outside],
  [0x82, outside],
  [0x83, outside],
  [0x84, outside],
  [0x97, outside],
  [0x98, outside],
]);

function append(items: readonly unknown[], list: unknown): void {
  if (!Array.isArray(list)) throw new TypeError('items of something that is no list');
  for (const item of items) list.push(item);
}

function setItems(record: unknown, items: readonly unknown[]): unknown {
  if (!isRecord(record) || items.length % 2 !== 0) throw new TypeError('members of something that is no dict');
  for (let index = 0; index < items.length; index += 2) setOwn(record, keyText(items[index]), items[index + 1]);
  return record;
}

/** Keys become texts as in JSON (CPython json/encoder.py: None is `null`, True is `true`). */
function keyText(key: unknown): string {
  if (key instanceof PendingUuid && key.uuid !== undefined) return key.uuid.text;
  if (key instanceof WireDate) return key.toIsoText();
  if (typeof key === 'object' && key !== null && valueKind(key) === undefined && !PlainDate.isPlainDate(key)) {
    throw new TypeError('a key that has no text: a tuple, bytes or an object');
  }
  return String(key);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

/** The value, with what was pending in its place; nothing of the machine's own is left in it. */
function finished(value: unknown, seen: Set<object>): unknown {
  if (typeof value !== 'object' || value === null || types.isUint8Array(value)) return value;
  if (value instanceof PendingUuid && value.uuid !== undefined) return value.uuid;
  if (seen.has(value)) return value;
  seen.add(value);
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) value[index] = finished(value[index], seen);
  } else if (types.isSet(value)) {
    const members = [...value];
    value.clear();
    for (const member of members) value.add(finished(member, seen));
  } else if (isRecord(value)) {
    for (const [key, member] of Object.entries(value)) setOwn(value, key, finished(member, seen));
  } else if (valueKind(value) === undefined) throw new TypeError('a time span, a zone or a class in place of data');
  return value;
}
