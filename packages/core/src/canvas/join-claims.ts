import type { Kernel } from '../app/kernel.js';
import type { AtomicStore } from '../coordination/atomic-store.js';
import { coordinationKey } from '../coordination/coordination-key.js';

/** Whether a task is the one to send the body of a chord: it is; another one is; the body was sent, or nobody knows of the chord any more. */
export type Claim = 'mine' | 'theirs' | 'over';

interface ClaimDocument {
  /** The task that sends the body. */
  readonly owner?: string;
  /** The body was taken by the broker. */
  readonly isOver?: boolean;
}

interface ClaimOptions {
  /** Else a chord without a document is over. */
  readonly isOpen: boolean;
  readonly isForced: boolean;
}

/**
 * Who sends the body of a chord that is joined in a way of its own. Whoever finishes last is then not always the one: a quorum is reached by one member and passed by the next, and
 * the time of a header ends beside it. So one of them takes it upon itself, in a document of the chord in the app's store; when it dies, its message comes again and finds that
 * it is the one.
 */
export class JoinClaims {
  readonly #kernel: Pick<Kernel, 'results' | 'store'>;

  constructor(kernel: Pick<Kernel, 'results' | 'store'>) {
    this.#kernel = kernel;
  }

  /** Before the first member is sent. Nothing for a chord that is open. */
  async open(groupId: string): Promise<void> {
    await (await this.#kernel.store()).compareAndSet(keyOf(groupId), 0, encode({}), this.#ttlMs);
  }

  /** For a member of a chord that is known to be open. */
  async claim(groupId: string, taskId: string): Promise<Claim> {
    return await this.#claim(groupId, taskId, { isOpen: true, isForced: false });
  }

  /** For one that comes when the time is over, perhaps after the chord. @param isForced takes it from another one that has not sent the body until now */
  async claimLate(groupId: string, taskId: string, isForced: boolean): Promise<Claim> {
    return await this.#claim(groupId, taskId, { isOpen: false, isForced });
  }

  async isOver(groupId: string): Promise<boolean> {
    const found = await find(await this.#kernel.store(), groupId);
    return found === undefined || found.document.isOver === true;
  }

  /** The broker has taken the body: nobody sends it again, whoever is still to come. */
  async settle(groupId: string): Promise<void> {
    const store = await this.#kernel.store();
    await store.setMany([
      {
        key: keyOf(groupId),
        value: encode({ isOver: true }),
        ...(this.#ttlMs === undefined ? {} : { ttlMs: this.#ttlMs }),
      },
    ]);
  }

  /** Nobody is still to come. */
  async forget(groupId: string): Promise<void> {
    await (await this.#kernel.store()).deleteMany([keyOf(groupId)]);
  }

  async #claim(groupId: string, taskId: string, { isOpen, isForced }: ClaimOptions): Promise<Claim> {
    const store = await this.#kernel.store();
    for (;;) {
      const found = await find(store, groupId);
      if (found === undefined && !isOpen) return 'over';
      const { owner, isOver } = found?.document ?? {};
      if (isOver === true) return 'over';
      if (owner === taskId) return 'mine';
      if (owner !== undefined && !isForced) return 'theirs';
      const taken = encode({ owner: taskId });
      const version = found?.version ?? 0;
      // Somebody else's success is what makes this one fail, so the loop ends.
      if ((await store.compareAndSet(keyOf(groupId), version, taken, this.#ttlMs)) !== undefined) return 'mine';
    }
  }

  /** As long as the results of its members. */
  get #ttlMs(): number | undefined {
    return this.#kernel.results.expiresMs;
  }
}

async function find(
  store: AtomicStore,
  groupId: string,
): Promise<{ readonly document: ClaimDocument; readonly version: number } | undefined> {
  const found = await store.getVersioned(keyOf(groupId));
  return found === undefined
    ? undefined
    : { document: JSON.parse(new TextDecoder().decode(found.value)) as ClaimDocument, version: found.version };
}

function keyOf(groupId: string): string {
  return coordinationKey('chord', groupId);
}

function encode(document: ClaimDocument): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(document));
}
