import type { Connection, ConnectionState } from '@ctq/messaging';
import { type Deadline, type Logger, type Service, ServiceStoppedError } from '@ctq/runtime';
import { ServiceLife } from '../service-life.js';

export interface WorkerConnectionOptions {
  /** Makes the worker's own connection (`app.connect`). */
  readonly connect: () => Promise<Connection>;
  readonly logger: Logger;
}

/** The connection from which the worker consumes: apart from the one that sends, so that neither waits for the other. */
export class WorkerConnection implements Service {
  readonly name = 'connection';
  readonly #options: WorkerConnectionOptions;
  readonly #life = new ServiceLife('connection');
  /** Also while it does not connect yet. */
  #made: Connection | undefined;
  #connection: Connection | undefined;

  constructor(options: WorkerConnectionOptions) {
    this.#options = options;
  }

  get failed(): Promise<Error> {
    return this.#life.failed;
  }

  /** Of the started service. */
  get current(): Connection {
    if (this.#connection === undefined) throw new ServiceStoppedError(this.name);
    return this.#connection;
  }

  get state(): ConnectionState {
    return this.#made?.state ?? 'idle';
  }

  start(signal: AbortSignal): Promise<void> {
    return this.#life.start(signal, async (pending) => {
      const connection = await this.#options.connect();
      this.#made = connection;
      try {
        await connection.connect(pending);
      } catch (error) {
        await connection.close();
        throw error;
      }
      this.#connection = connection;
      connection.onStateChange(({ state, error }) => {
        if (state === 'failed') this.#life.fail(error ?? new Error('The connection to the broker is lost for good.'));
      });
      this.#options.logger.info(`Connected to ${connection.transport.url}`);
    });
  }

  async stop(deadline: Deadline): Promise<void> {
    await deadline.wait(this.#life.stopping());
    // The façade waits a moment for what is under way; past the deadline it goes on without us.
    if (this.#connection !== undefined) await deadline.wait(this.#connection.close());
  }
}
