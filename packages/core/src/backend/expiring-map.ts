/** Values by key until their time is over. What expires first is first in line, so that dropping it costs nothing to look for. */
export class ExpiringMap<Value extends { readonly expiresAt: number }> {
  readonly #entries = new Map<string, Value>();

  /** Entries that are held, perhaps some whose time is over among them. */
  get size(): number {
    return this.#entries.size;
  }

  get(key: string, now: number): Value | undefined {
    const value = this.#entries.get(key);
    return value !== undefined && value.expiresAt > now ? value : undefined;
  }

  /** Moves the key to the end of the line, and drops those at its front that have expired. */
  set(key: string, value: Value, now: number): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    for (const [first, { expiresAt }] of this.#entries) {
      if (expiresAt > now) return;
      this.#entries.delete(first);
    }
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }
}
