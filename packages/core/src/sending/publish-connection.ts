import type { Connection } from '@ctq/messaging';
import { runOutsideOfTasks } from '../execute/current-task.js';

/** The connection on which an app sends, opened by whoever sends first. */
export class PublishConnection {
  readonly #connect: () => Promise<Connection>;
  #opening: Promise<Connection> | undefined;

  constructor(connect: () => Promise<Connection>) {
    this.#connect = connect;
  }

  open(): Promise<Connection> {
    this.#opening ??= runOutsideOfTasks(this.#connect);
    return this.#opening;
  }

  /** Idempotent. */
  async close(): Promise<void> {
    const connection = await this.#opening?.catch(() => undefined);
    await connection?.close();
  }
}
