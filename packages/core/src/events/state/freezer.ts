import { Deque } from '@ctq/runtime';

/** Of what comes while somebody looks; beyond it the oldest is lost. */
const mostHeldBack = 100_000;

/** Lets what comes through, but holds it back while somebody looks at what it would change. */
export class Freezer<Item> {
  readonly #pass: (item: Item) => void;
  readonly #heldBack = new Deque<Item>();
  #looking: Promise<unknown> = Promise.resolve();
  #isFrozen = false;
  #lostCount = 0;

  /** @param pass does not throw */
  constructor(pass: (item: Item) => void) {
    this.#pass = pass;
  }

  /** What was too much. */
  get lostCount(): number {
    return this.#lostCount;
  }

  put(item: Item): void {
    if (!this.#isFrozen) {
      this.#pass(item);
      return;
    }
    if (this.#heldBack.size >= mostHeldBack) {
      this.#heldBack.popFront();
      this.#lostCount += 1;
    }
    this.#heldBack.pushBack(item);
  }

  /** One looks after the other. */
  freezeWhile<Seen>(look: () => Promise<Seen>): Promise<Seen> {
    const looked = this.#looking.then(async () => {
      this.#isFrozen = true;
      try {
        return await look();
      } finally {
        this.#thaw();
      }
    });
    this.#looking = looked.catch(() => undefined);
    return looked;
  }

  #thaw(): void {
    this.#isFrozen = false;
    for (let item = this.#heldBack.popFront(); item !== undefined; item = this.#heldBack.popFront()) this.#pass(item);
  }
}
