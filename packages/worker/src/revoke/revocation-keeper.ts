import type { Kernel, Revocation } from '@ctq/core';
import { ConfigurationError, type Deadline, type Service, type Timer, toError } from '@ctq/runtime';
import { ServiceLife } from '../service-life.js';
import type { Revocations } from './revocations.js';
import { StateFile } from './state-file.js';

/** How long a change may be in memory only. */
const saveMs = 30_000;

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
  #timer: Timer | undefined;
  #saved = 0;

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
      await this.#follow();
      if (pending.aborted) {
        await this.#watching?.close();
        throw pending.reason;
      }
      this.#schedule();
    });
  }

  async stop(deadline: Deadline): Promise<void> {
    await deadline.wait(this.#life.stopping());
    this.#timer?.cancel();
    const watching = this.#watching;
    this.#watching = undefined;
    if (watching !== undefined) await deadline.wait(watching.close());
    await deadline.wait(this.#save());
  }

  /** Watched first, so that nothing falls in between. An app without a store has nothing to follow. */
  async #follow(): Promise<void> {
    const { kernel, revocations } = this.#options;
    try {
      this.#watching = await kernel.revocations.watch(() => void this.#read());
      revocations.add(await kernel.revocations.load());
    } catch (error) {
      if (ConfigurationError.isInstance(error)) return;
      kernel.logger.warn({ err: toError(error) }, "Couldn't look which tasks are revoked; the app's store is away");
    }
  }

  async #read(): Promise<void> {
    const { kernel, revocations, onRevoked } = this.#options;
    try {
      const added = revocations.add(await kernel.revocations.load());
      if (added.length > 0 && !this.#life.isStopping) onRevoked(added);
    } catch (error) {
      if (!this.#life.isStopping) kernel.logger.warn({ err: toError(error) }, "Couldn't read which tasks were revoked");
    }
  }

  #schedule(): void {
    if (this.#file === undefined || this.#life.isStopping) return;
    const again = (): void => void this.#save().then(() => this.#schedule());
    this.#timer = this.#options.kernel.clock.setTimer(again, saveMs, { background: true });
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
