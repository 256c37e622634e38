/**
 * The entries of a map from the one that was set first on, each of which is deleted before the next one is asked for. It goes on where it was: who begins anew each time goes, in
 * the map of V8, past all that were deleted lately.
 */
export class OldestFirst<Item> {
  readonly #map: ReadonlyMap<string, Item>;
  #items: Iterator<Item, unknown> | undefined;

  constructor(map: ReadonlyMap<string, Item>) {
    this.#map = map;
  }

  /** Undefined when there is none. */
  next(): Item | undefined {
    return this.#step() ?? this.#step();
  }

  /** One that has come to its end does not go on, whatever is set then. */
  #step(): Item | undefined {
    this.#items ??= this.#map.values();
    const step = this.#items.next();
    if (step.done !== true) return step.value;
    this.#items = undefined;
    return undefined;
  }
}
