import type { Declarable } from '../entities/declare.js';
import type { Message, Route } from '../message/message.js';

/** Publishes finished messages; declares what they need first. */
export interface Producer {
  /**
   * Resolves when the broker has taken responsibility. Calls made in one turn of the event loop travel together where the
   * transport can.
   * @throws TransportConnectionError after the retries, PublishTimeoutError at the deadline, UnroutableError with `mandatory`, the signal's
   *   reason when aborted.
   */
  publish(message: Message, route: Route, options?: ProducerPublishOptions): Promise<void>;
}

export interface ProducerPublishOptions {
  /**
   * Declared before the first publish that names them on a connection, once; those that may vanish meanwhile (`autoDelete`, `x-expires`)
   * before each (kombu 5.6 entity.py, can_cache_declaration).
   */
  readonly declare?: readonly Declarable[];
  readonly mandatory?: boolean;
  /** See `PublishOptions.notBefore`. */
  readonly notBefore?: number;
  /** Retries of this publish when the connection is lost; `false` for none. */
  readonly retry?: PublishRetryPolicy | false;
  /** The publish is over after this, retries included. Default: the connection's `publishTimeoutMs`. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** Kombu's retry policy (kombu 5.6 connection.py, ensure), times in seconds. */
export interface PublishRetryPolicy {
  /** Default 3; `Infinity` for ever. */
  readonly maxRetries?: number;
  readonly intervalStart?: number;
  readonly intervalStep?: number;
  readonly intervalMax?: number;
}

/** Celery 5.6 app/defaults.py, task_publish_retry_policy. */
export const defaultPublishRetryPolicy: Required<PublishRetryPolicy> = {
  maxRetries: 3,
  intervalStart: 0,
  intervalStep: 0.2,
  intervalMax: 1,
};
