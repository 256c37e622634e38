import type { Connection } from '@ctq/messaging';
import type { BlockedReport, LeaseKeeper as KeeperThread } from '@ctq/messaging/transport';
import { type Deadline, formatDuration, type Logger, type Service } from '@ctq/runtime';
import { ServiceLife } from '../service-life.js';

export interface LeaseKeeperOptions {
  readonly connection: () => Connection;
  /** Tasks run on the main loop and may block it: renewing needs a thread of its own. */
  readonly isNeeded: boolean;
  readonly maxBlockedMs: number;
  readonly exitProcess: boolean;
  readonly logger: Logger;
}

/** Keeps the leases of what this worker holds while a task blocks the event loop, where the transport has leases. */
export class LeaseKeeper implements Service {
  readonly name = 'lease keeper';
  readonly #options: LeaseKeeperOptions;
  readonly #life = new ServiceLife('lease keeper');
  #thread: KeeperThread | undefined;

  constructor(options: LeaseKeeperOptions) {
    this.#options = options;
  }

  get failed(): Promise<Error> {
    return this.#life.failed;
  }

  /** Whom to tell what the main loop is about to do; undefined where nobody has to know. */
  get thread(): KeeperThread | undefined {
    return this.#thread;
  }

  start(signal: AbortSignal): Promise<void> {
    return this.#life.start(signal, async (pending) => {
      const { connection, isNeeded, maxBlockedMs, exitProcess } = this.#options;
      if (!isNeeded) return;
      const onBlocked = (report: BlockedReport): void => this.#tellBlocked(report);
      const thread = await connection().keepLeases({ maxBlockedMs, onBlocked, exitProcess }, pending);
      if (pending.aborted) {
        await thread?.stop();
        throw pending.reason;
      }
      this.#thread = thread;
    });
  }

  async stop(deadline: Deadline): Promise<void> {
    await deadline.wait(this.#life.stopping());
    if (this.#thread !== undefined) await deadline.wait(this.#thread.stop());
  }

  #tellBlocked({ blockedMs, activity }: BlockedReport): void {
    this.#options.logger.error(
      { blockedMs, activity },
      `The event loop was blocked for ${formatDuration(Math.round(blockedMs))} by ${activity}; its messages were given to other workers. ` +
        'Run such tasks in threads or processes.',
    );
  }
}
