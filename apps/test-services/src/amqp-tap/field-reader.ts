/** A value under the letter that says its type on the wire. */
export type TypedField = readonly [letter: string, value: unknown];

export type FieldTable = Readonly<Record<string, TypedField>>;

/** Reads what methods and headers of AMQP 0-9-1 are made of, one after the other. Letters are RabbitMQ's. */
export class FieldReader {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  octet(): number {
    return this.#bytes.readUInt8(this.#skip(1));
  }

  short(): number {
    return this.#bytes.readUInt16BE(this.#skip(2));
  }

  shortText(): string {
    return this.#text(this.octet());
  }

  table(): FieldTable {
    const fields: Record<string, TypedField> = {};
    const end = this.#long() + this.#at;
    while (this.#at < end) {
      const name = this.shortText();
      fields[name] = this.#field();
    }
    return fields;
  }

  #field(): TypedField {
    const letter = this.#text(1);
    return [letter, this.#value(letter)];
  }

  #value(letter: string): unknown {
    switch (letter) {
      case 'V':
        return null;
      case 't':
        return this.octet() !== 0;
      case 'I':
        return this.#bytes.readInt32BE(this.#skip(4));
      case 'L':
      case 'l':
        return this.#bytes.readBigInt64BE(this.#skip(8));
      case 'T':
        return this.#bytes.readBigUInt64BE(this.#skip(8));
      case 'd':
        return this.#bytes.readDoubleBE(this.#skip(8));
      case 'D':
        return `${this.octet()} places of ${this.#long()}`;
      case 'S':
      case 'x':
        return this.#text(this.#long());
      case 'A': {
        const items: TypedField[] = [];
        for (const end = this.#long() + this.#at; this.#at < end; ) items.push(this.#field());
        return items;
      }
      case 'F':
        return this.table();
      default:
        throw new Error(`A field of type '${letter}', which no reader of all clients knows.`);
    }
  }

  #long(): number {
    return this.#bytes.readUInt32BE(this.#skip(4));
  }

  #text(length: number): string {
    const at = this.#skip(length);
    return this.#bytes.toString('utf8', at, at + length);
  }

  #skip(length: number): number {
    const at = this.#at;
    this.#at += length;
    return at;
  }
}
