import { type Logger, toError } from '@ctq/runtime';
import type { LeaseKeeper, LeaseKeeperOptions, TransportConnection } from '../transport/transport.js';
import type { Connector } from './connector.js';

export interface KeptLeasesOptions {
  readonly connector: Connector;
  readonly keeperOptions: LeaseKeeperOptions;
  readonly logger: Logger;
}

/** A keeper that outlives its connection: each new one gets a keeper of its own. */
export class KeptLeases implements LeaseKeeper {
  readonly #options: KeptLeasesOptions;
  readonly #unlisten: () => void;
  #keeper: LeaseKeeper | undefined;
  #hasStopped = false;
  #starting: Promise<void> = Promise.resolve();

  constructor(options: KeptLeasesOptions) {
    this.#options = options;
    this.#unlisten = options.connector.onStateChange(({ state }) => {
      const { current } = options.connector;
      if (state !== 'connected' || current === undefined) return;
      this.#starting = this.#starting.then(() => this.#restart(current));
    });
  }

  /** Resolves when the first connection's leases are kept. */
  async start(connection: TransportConnection): Promise<void> {
    await this.#keep(connection);
  }

  note(activity: string): void {
    this.#keeper?.note(activity);
  }

  async stop(): Promise<void> {
    this.#hasStopped = true;
    this.#unlisten();
    await this.#starting;
    await this.#keeper?.stop();
  }

  /** Without a keeper the leases are renewed on the main loop: worth a warning, no reason to stop. */
  async #restart(connection: TransportConnection): Promise<void> {
    try {
      await this.#keep(connection);
    } catch (error) {
      this.#options.logger.warn(
        { err: toError(error) },
        'Cannot start the lease keeper; leases are renewed on the main loop',
      );
    }
  }

  async #keep(connection: TransportConnection): Promise<void> {
    await this.#keeper?.stop();
    this.#keeper = undefined;
    if (this.#hasStopped) return;
    this.#keeper = await connection.leaseKeeper?.start(this.#options.keeperOptions);
  }
}
