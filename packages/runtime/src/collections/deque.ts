/** A queue open at both ends, over a ring that doubles when it is full: nothing is shifted, however long it gets. */
export class Deque<Item> implements Iterable<Item> {
  #ring: (Item | undefined)[] = new Array<Item | undefined>(16);
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get front(): Item | undefined {
    return this.#ring[this.#head];
  }

  pushBack(item: Item): void {
    if (this.#size === this.#ring.length) this.#grow();
    this.#ring[(this.#head + this.#size) & (this.#ring.length - 1)] = item;
    this.#size += 1;
  }

  pushFront(item: Item): void {
    if (this.#size === this.#ring.length) this.#grow();
    this.#head = (this.#head - 1) & (this.#ring.length - 1);
    this.#ring[this.#head] = item;
    this.#size += 1;
  }

  popFront(): Item | undefined {
    if (this.#size === 0) return undefined;
    const item = this.#ring[this.#head];
    this.#ring[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#ring.length - 1);
    this.#size -= 1;
    return item;
  }

  popBack(): Item | undefined {
    if (this.#size === 0) return undefined;
    this.#size -= 1;
    const last = (this.#head + this.#size) & (this.#ring.length - 1);
    const item = this.#ring[last];
    this.#ring[last] = undefined;
    return item;
  }

  /** From the front to the back. It is not to be changed meanwhile. */
  *[Symbol.iterator](): Generator<Item, void> {
    for (let index = 0; index < this.#size; index += 1)
      yield this.#ring[(this.#head + index) & (this.#ring.length - 1)] as Item;
  }

  clear(): void {
    this.#ring = new Array<Item | undefined>(16);
    this.#head = 0;
    this.#size = 0;
  }

  /** The length stays a power of two, so that an index wraps with a mask. */
  #grow(): void {
    const old = this.#ring;
    this.#ring = [...old.slice(this.#head), ...old.slice(0, this.#head), ...new Array<Item | undefined>(old.length)];
    this.#head = 0;
  }
}
