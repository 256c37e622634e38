import type { MessageProperties, PublishRetryPolicy, Queue } from '@ctq/messaging';
import type { ExchangeType } from '@ctq/messaging/transport';
import type { Duration } from '@ctq/runtime';
import type { SerializedSignature } from '../canvas/serialized-signature.js';
import type { Outbox } from '../outbox/outbox.js';
import type { UniqueCallOptions } from '../unique/unique-options.js';

/** What a continuation may be given as: a signature of any kind. */
export interface Linkable {
  serialize(): SerializedSignature;
}

/** Properties that ctq has no use for itself. */
export type OwnProperties = Pick<MessageProperties, 'messageId' | 'type' | 'appId' | 'userId' | 'clusterId'>;

/** Options of one call, Celery's `apply_async` in camelCase. */
export interface CallOptions {
  /** A fresh UUID by default. */
  readonly taskId?: string;
  /** Runs no earlier than so long from now. 0 is the same as none. */
  readonly countdown?: Duration;
  /** Runs no earlier than this. */
  readonly eta?: Date;
  /** Is not run any more after this: an instant, or a duration from now. */
  readonly expires?: Duration | Date;
  /** By name or alias, or one as `queue()` makes it. */
  readonly queue?: string | Queue;
  /** With `routingKey`: published there. One of the two over a direct exchange is the queue's own way. */
  readonly exchange?: string;
  /** Of `exchange`, where no queue says it. Anything but direct is published to with the exchange or the key alone. */
  readonly exchangeType?: ExchangeType;
  readonly routingKey?: string;
  /** Rejects with `UnroutableError` when no queue takes the message. */
  readonly mandatory?: boolean;
  /** 0 to 9; which end is urgent depends on the broker (`supports.priority`). */
  readonly priority?: number;
  readonly serializer?: string;
  readonly compression?: string;
  /** 1 transient, 2 persistent. */
  readonly deliveryMode?: 1 | 2;
  /** The broker drops the message without a word when it has waited for longer, where it can; with `expires` the caller is told. */
  readonly expiration?: Duration;
  /** AMQP's own properties, for whatever else looks at the message; a worker has them in `ctx.request.properties`. */
  readonly properties?: OwnProperties;
  /** Headers of your own; they arrive in `ctx.request.headers`. */
  readonly headers?: Readonly<Record<string, unknown>>;
  /** Marks by name, by which tasks can be found and revoked; they arrive in `ctx.request.stamps`. */
  readonly stamps?: Readonly<Record<string, unknown>>;
  /** Name to show in logs and monitors instead of the task's. */
  readonly shadow?: string;
  readonly ignoreResult?: boolean;
  /** Hard limit for this call. `null`: that of the task is not sent, and the worker goes by its own. */
  readonly timeLimit?: Duration | null;
  readonly softTimeLimit?: Duration | null;
  /** Run when the task succeeded, with its result as first argument. */
  readonly link?: Linkable | readonly Linkable[];
  /** Run when it failed, with the failed task's id as first argument. */
  readonly linkError?: Linkable | readonly Linkable[];
  readonly replyTo?: string;
  /** Not beside another call with its key; over what the task says. A key is given as it is: the arguments are known. */
  readonly unique?: boolean | UniqueCallOptions;
  /** Holds the call back, until its transaction is committed. */
  readonly outbox?: Outbox;
  /** Remember the result among the children of the task that makes the call. Default true. */
  readonly addToParent?: boolean;
  /** What logs and monitors show for the arguments; for calls that carry secrets. */
  readonly argsRepr?: string;
  readonly kwargsRepr?: string;
  /** Retrying the publish when the broker is away: `true` for the configured policy, `false` for none. */
  readonly retry?: boolean | PublishRetryPolicy;
  /** When the publish is given up, retries included. Default: the setting `brokerPublishTimeout`. */
  readonly publishTimeout?: Duration;
  readonly signal?: AbortSignal;
}

/** Where a call stands in a workflow; set by the canvas, not by callers. */
export interface Placement {
  readonly rootId?: string | null;
  readonly parentId?: string | null;
  readonly groupId?: string | null;
  readonly groupIndex?: number | null;
  readonly chord?: SerializedSignature | null;
  /** The rest of the chain, reversed: the next task is the last element. */
  readonly chain?: readonly SerializedSignature[] | null;
  readonly retries?: number;
  readonly replacedTaskNesting?: number;
}
