import type { Kernel } from '@ctq/core';
import { durationMs } from '@ctq/runtime';
import { ExpiringIds } from './expiring-ids.js';

/** Where `workerDeduplicateSuccessfulTasks` is on: the calls whose success this worker has made known. Of those whose result is ignored nobody else knows. */
export class Successes {
  /** Undefined where it is off. */
  readonly #ids: ExpiringIds | undefined;

  constructor({ settings, clock }: Pick<Kernel, 'settings' | 'clock'>) {
    if (!settings.workerDeduplicateSuccessfulTasks) return;
    this.#ids = new ExpiringIds({
      max: settings.workerSuccessfulMax,
      expiresMs: durationMs(settings.workerSuccessfulExpires),
      clock,
    });
  }

  get areWanted(): boolean {
    return this.#ids !== undefined;
  }

  /** It is followed up; its message is not acknowledged yet. */
  add(id: string): void {
    this.#ids?.add(id);
  }

  has(id: string): boolean {
    return this.#ids?.has(id) ?? false;
  }
}
