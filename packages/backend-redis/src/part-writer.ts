import { Batcher, type Deferred, deferred } from '@ctq/runtime';

/** A part on its way. */
export interface PartToAdd {
  readonly index: number | undefined;
  readonly document: Buffer;
}

/** How the header stands after a part. */
export interface AddedPart {
  readonly written: number;
  /** What members that were added count beyond the size. */
  readonly extra: string | null;
  readonly size: string | null;
}

/** What Redis is given at a time. */
const mostBytes = 1_048_576;

interface Waiting {
  readonly groupId: string;
  readonly part: PartToAdd;
  readonly added: Deferred<AddedPart>;
}

/** Adds the parts of one turn of the event loop to their chords with one write for each chord. A chord that cannot be written to does not hold up the others. */
export class PartWriter {
  readonly #write: (groupId: string, parts: readonly PartToAdd[]) => Promise<readonly AddedPart[]>;
  readonly #batcher = new Batcher<Waiting>((batch) => this.#flush(batch), { isEager: true });

  constructor(write: (groupId: string, parts: readonly PartToAdd[]) => Promise<readonly AddedPart[]>) {
    this.#write = write;
  }

  async add(groupId: string, part: PartToAdd): Promise<AddedPart> {
    const added = deferred<AddedPart>();
    await this.#batcher.add({ groupId, part, added });
    return await added.promise;
  }

  async #flush(batch: readonly Waiting[]): Promise<void> {
    await Promise.all(writesOf(batch).map((ones) => this.#writeOne(ones)));
  }

  async #writeOne(ones: readonly Waiting[]): Promise<void> {
    const [first] = ones;
    if (first === undefined) return;
    try {
      const parts = ones.map(({ part }) => part);
      const added = await this.#write(first.groupId, parts);
      for (const [at, one] of ones.entries()) one.added.resolve(added[at] as AddedPart);
    } catch (error) {
      for (const one of ones) {
        one.added.promise.catch(() => undefined);
        one.added.reject(error);
      }
    }
  }
}

/** Of one chord each, and not too large. */
function writesOf(batch: readonly Waiting[]): readonly (readonly Waiting[])[] {
  const writes: Waiting[][] = [];
  const open = new Map<string, { readonly ones: Waiting[]; bytes: number }>();
  for (const one of batch) {
    const size = one.part.document.length;
    let write = open.get(one.groupId);
    if (write === undefined || write.bytes + size > mostBytes) {
      write = { ones: [], bytes: 0 };
      open.set(one.groupId, write);
      writes.push(write.ones);
    }
    write.ones.push(one);
    write.bytes += size;
  }
  return writes;
}
