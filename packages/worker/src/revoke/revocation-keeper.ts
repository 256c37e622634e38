import type { Kernel, Revocation } from '@ctq/core';
import { ConfigurationError, type Deadline, type Service, type Timer, toError } from '@ctq/runtime';
import { ServiceLife } from '../service-life.js';
import type { Revocations } from './revocations.js';
import { StateFile } from './state-file.js';

/** How long a change may be in memory only. */
const saveMs = 30_000;
/** How often the store is looked at: where it tells of changes only for what was not told, a lost connection being in the way. */
const lookMs = { told: 120_000, untold: 10_000 };

export interface RevocationKeeperOptions {
  readonly kernel: Kernel;
  readonly revocations: Revocations;
  /** `workerStateDb`, its placeholders filled in. */
  readonly file: string | undefined;
  /** Told of those that are new here and were not there at the start. */
  readonly onRevoked: (revocations: readonly Revocation[]) => void;
}

/** Lets the worker know what was revoked: before it consumes, and as soon as the app's store tells; and keeps it in a file. */
export class RevocationKeeper implements Service {
  readonly name = 'revocations';
  readonly #options: RevocationKeeperOptions;
  readonly #life = new ServiceLife('revocations');
  readonly #file: StateFile | undefined;
  #watching: { close(): Promise<void> } | undefined;
  #saving: Timer | undefined;
  #looking: Timer | undefined;
  #saved = 0;
  #reading: Promise<void> | undefined;
  /** There may be something that the read under way does not see. */
  #isOld = false;
  /** The store is away, and that has been said. */
  #isBlind = false;

  constructor(options: RevocationKeeperOptions) {
    this.#options = options;
    this.#file = options.file === undefined ? undefined : new StateFile(options.file);
  }

  get failed(): Promise<Error> {
    return this.#life.failed;
  }

  start(signal: AbortSignal): Promise<void> {
    return this.#life.start(signal, async (pending) => {
      const { revocations } = this.#options;
      if (this.#file !== undefined) revocations.add(await this.#file.load());
      this.#saved = revocations.changes;
      pending.throwIfAborted();
      await this.#read();
      if (pending.aborted) {
        await this.#watching?.close();
        throw pending.reason;
      }
      this.#scheduleSave();
    });
  }

  async stop(deadline: Deadline): Promise<void> {
    await deadline.wait(this.#life.stopping());
    this.#saving?.cancel();
    this.#looking?.cancel();
    if (this.#reading !== undefined) await deadline.wait(this.#reading);
    const watching = this.#watching;
    this.#watching = undefined;
    if (watching !== undefined) await deadline.wait(watching.close());
    await deadline.wait(this.#save());
  }

  /** One read at a time; what changes during one is read by another. Never rejects. */
  #read(): Promise<void> {
    this.#isOld = true;
    this.#reading ??= this.#readUntilNew().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #readUntilNew(): Promise<void> {
    this.#looking?.cancel();
    while (this.#isOld && !this.#life.isStopping) {
      this.#isOld = false;
      if (!(await this.#readOnce())) return;
    }
    if (this.#life.isStopping) return;
    const inMs = this.#watching === undefined || this.#isBlind ? lookMs.untold : lookMs.told;
    this.#looking = this.#options.kernel.clock.setTimer(() => void this.#read(), inMs, { background: true });
  }

  /** Resolves with whether there is anything to follow: an app without a store has nothing. */
  async #readOnce(): Promise<boolean> {
    const { kernel, revocations, onRevoked } = this.#options;
    try {
      // Watched first, so that nothing falls in between.
      this.#watching ??= await kernel.revocations.watch(() => void this.#read());
      const added = revocations.add(await kernel.revocations.load());
      this.#isBlind = false;
      if (added.length > 0) onRevoked(added);
    } catch (error) {
      if (ConfigurationError.isInstance(error)) return false;
      if (!this.#isBlind && !this.#life.isStopping)
        kernel.logger.warn({ err: toError(error) }, "Couldn't look which tasks are revoked: the app's store is away");
      this.#isBlind = true;
    }
    return true;
  }

  #scheduleSave(): void {
    if (this.#file === undefined || this.#life.isStopping) return;
    const again = (): void => void this.#save().then(() => this.#scheduleSave());
    this.#saving = this.#options.kernel.clock.setTimer(again, saveMs, { background: true });
  }

  async #save(): Promise<void> {
    const { revocations, kernel } = this.#options;
    if (this.#file === undefined || this.#saved === revocations.changes) return;
    const { changes } = revocations;
    try {
      await this.#file.save(revocations.entries());
      this.#saved = changes;
    } catch (error) {
      kernel.logger.error({ err: toError(error) }, `Couldn't write the state file ${this.#file.path}`);
    }
  }
}
