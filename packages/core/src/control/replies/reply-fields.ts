/** The members of a mapping that came in a reply, read one by one. Workers of other versions leave some out. */
export class ReplyFields {
  readonly all: Readonly<Record<string, unknown>>;
  readonly #what: string;

  /** @throws TypeError where it is none. */
  constructor(value: unknown, what: string) {
    if (!isRecord(value)) throw new TypeError(`${what} is no mapping`);
    this.all = value;
    this.#what = what;
  }

  /** @throws TypeError where it is no text. */
  requiredText(name: string): string {
    const value = this.all[name];
    if (typeof value !== 'string') throw new TypeError(`${this.#what} has no ${name}`);
    return value;
  }

  text(name: string): string | undefined {
    const value = this.all[name];
    return typeof value === 'string' ? value : undefined;
  }

  number(name: string): number | undefined {
    const value = this.all[name];
    return typeof value === 'number' ? value : undefined;
  }

  /** Of a member in seconds. */
  ms(name: string): number | undefined {
    const seconds = this.number(name);
    return seconds === undefined ? undefined : seconds * 1_000;
  }

  isTrue(name: string): boolean {
    return this.all[name] === true;
  }

  /** Empty where there is none. */
  record(name: string): Readonly<Record<string, unknown>> {
    const value = this.all[name];
    return isRecord(value) ? value : {};
  }

  fields(name: string): ReplyFields {
    return new ReplyFields(this.record(name), `${this.#what} ${name}`);
  }

  list(name: string): readonly unknown[] {
    const value = this.all[name];
    return Array.isArray(value) ? value : [];
  }
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @throws TypeError for anything else. */
export function listOf<Item>(value: unknown, read: (item: unknown) => Item): readonly Item[] {
  if (!Array.isArray(value)) throw new TypeError('The reply is no list');
  return value.map(read);
}

/** @throws TypeError for anything else. */
export function textOf(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError('The reply is no text');
  return value;
}

/** Those that are numbers. */
export function numbersOf(record: Readonly<Record<string, unknown>>): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => typeof value === 'number')) as Record<
    string,
    number
  >;
}
