/** The version that a RabbitMQ gives at the start of a connection: `3.10.8`. */
export class ServerVersion {
  readonly #parts: readonly number[];

  /** Of the server's properties. Of another product that speaks AMQP nothing is known. */
  constructor({ product, version }: { readonly product?: unknown; readonly version?: unknown }) {
    const isKnown = product === 'RabbitMQ' && typeof version === 'string';
    this.#parts = isKnown ? version.split('.').map((part) => Number.parseInt(part, 10)) : [];
  }

  /** False of one that is not known. */
  isAtLeast(wanted: readonly number[]): boolean {
    for (const [index, part] of wanted.entries()) {
      const own = this.#parts[index] ?? 0;
      if (own !== part) return own > part;
    }
    return this.#parts.length > 0;
  }
}
