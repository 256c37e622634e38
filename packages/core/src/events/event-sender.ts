/** What an event tells beside when and where it happened. */
export type EventFields = Readonly<Record<string, unknown>>;

export interface SendEventOptions {
  /** Who tells: the node name of a worker. Default: this process as a client, `gen<pid>@<host>`. */
  readonly hostname?: string;
}

/** Sends events to whoever listens just then: monitors such as `celery events` and Flower. Nothing is kept. */
export interface EventSender {
  /**
   * Resolves when the broker has taken it. `hostname`, `pid`, `clock` and `timestamp` are added.
   * @param type in words with dashes: `task-sent`, `order-packed`.
   */
  send(type: string, fields?: EventFields, options?: SendEventOptions): Promise<void>;
}
