import {
  type Kernel,
  NoResultBackendError,
  readyStates,
  type Revocation,
  storedError,
  TaskRevokedError,
} from '@ctq/core';
import { ConfigurationError, Deadline, type Logger, toError } from '@ctq/runtime';
import type { TaskRequest } from '../execute/task-request.js';
import type { Revocations } from './revocations.js';

/** How long whoever revokes waits for stores that are away. */
const patienceMs = 500;

export interface RevocationDeskOptions {
  readonly kernel: Kernel;
  readonly logger: Logger;
  readonly revocations: Revocations;
  /** Ends those that run and are to be ended. */
  readonly onRevoked: (revocations: readonly Revocation[]) => void;
  /** What this worker runs, or has and will. */
  readonly requests: () => readonly TaskRequest[];
}

/** Revokes calls, here or for everybody. */
export class RevocationDesk {
  readonly #options: RevocationDeskOptions;
  readonly #underWay = new Set<Promise<void>>();

  constructor(options: RevocationDeskOptions) {
    this.#options = options;
  }

  /** In this worker only. */
  revoke(revocations: readonly Revocation[]): void {
    this.#options.revocations.add(revocations);
    this.#options.onRevoked(revocations);
  }

  /**
   * What a control message revokes: here, in the app's store, so that workers which start later know of it, and in the result of each call (celery 5.6
   * worker/control.py, _revoke). Here it is in force at once. Resolves when it is stored, and after a moment in any case.
   */
  async publish(revocations: readonly Revocation[]): Promise<void> {
    this.revoke(revocations);
    if (revocations.length === 0) return;
    const stored = Promise.all([this.#share(revocations), this.#storeStates(revocations)]).then(() => undefined);
    this.#underWay.add(stored);
    void stored.then(() => this.#underWay.delete(stored));
    await Deadline.after(patienceMs, this.#options.kernel.clock).wait(stored);
  }

  /** Resolves when everything that was begun is stored, or could not be. */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  /** Never rejects. */
  async #share(revocations: readonly Revocation[]): Promise<void> {
    const { kernel, logger } = this.#options;
    try {
      await kernel.revocations.add(revocations);
    } catch (error) {
      // An app without a store: the workers that are there have heard of it.
      if (ConfigurationError.isInstance(error)) return;
      logger.warn(
        { err: toError(error) },
        'Could not keep what was revoked in the store of the app: workers that start later do not know of it',
      );
    }
  }

  /** Never rejects. */
  async #storeStates(revocations: readonly Revocation[]): Promise<void> {
    const ids = revocations.flatMap((revocation) => ('id' in revocation ? [revocation.id] : []));
    const { requests, kernel } = this.#options;
    const wanted = new Set(ids);
    // Where results travel nobody but the sender can be asked, and who that is stands in the message.
    const stored = await Promise.allSettled(
      kernel.results.isHeardBySender
        ? requests().flatMap(({ message: { id, replyTo } }) =>
            wanted.has(id) && replyTo !== null ? [this.#store(id, replyTo)] : [],
          )
        : [...wanted].map((id) => this.#storeUnlessEnded(id)),
    );
    const failures = stored.flatMap((one) => (one.status === 'rejected' ? [toError(one.reason)] : []));
    const [first] = failures;
    if (first === undefined || NoResultBackendError.isInstance(first)) return;
    this.#options.logger.warn(
      { err: first, tasks: failures.length },
      `Failed to mark ${failures.length} task(s) as revoked in the result backend`,
    );
  }

  /** Of a call that has ended the result stays (celery 5.6 backends/base.py, mark_as_revoked). */
  async #storeUnlessEnded(id: string): Promise<void> {
    const record = await this.#options.kernel.results.find(id);
    if (record === undefined || !readyStates.has(record.status)) await this.#store(id);
  }

  async #store(taskId: string, replyTo?: string): Promise<void> {
    const { results } = this.#options.kernel;
    await results.store({
      ...{ taskId, status: 'REVOKED', result: storedError(new TaskRevokedError('revoked')) },
      ...{ traceback: null, children: [], dateDone: results.dateDone() },
      ...(replyTo === undefined ? {} : { replyTo }),
    });
  }
}
