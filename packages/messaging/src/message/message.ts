/**
 * A message as it travels: bytes plus what a receiver needs to read and route them. The same shape for every broker; what
 * it looks like on the wire is the transport's business (AMQP frames, Kombu's JSON envelope, a row).
 */
export interface Message {
  /** Serialized, possibly compressed (then `headers.compression` names the algorithm). Never changed once made. */
  readonly body: Uint8Array;
  readonly contentType: string;
  readonly contentEncoding: string;
  /** Application headers: plain data that JSON can hold. */
  readonly headers: MessageHeaders;
  readonly properties: MessageProperties;
}

export type MessageHeaders = Readonly<Record<string, unknown>>;

/** AMQP's basic properties in camelCase. All are optional; the ones that are absent are absent on the wire. */
export interface MessageProperties {
  readonly correlationId?: string;
  readonly replyTo?: string;
  /** 1 transient, 2 persistent. */
  readonly deliveryMode?: 1 | 2;
  /** 0 to 9. Which end is urgent differs by broker: see `supports.priority` of the transport. */
  readonly priority?: number;
  /** Time to live as AMQP spells it: a string of whole milliseconds. A message that is older when it would be delivered is dropped. */
  readonly expiration?: string;
  readonly messageId?: string;
  /** Milliseconds since the epoch. */
  readonly timestamp?: number;
  readonly type?: string;
  readonly userId?: string;
  readonly appId?: string;
  readonly clusterId?: string;
  /**
   * Members that are not AMQP properties. Virtual transports carry them (kombu 5.6 transport/virtual/base.py,
   * prepare_message: unknown publish keywords become properties); AMQP drops them.
   */
  readonly extra?: Readonly<Record<string, unknown>>;
}

/** Where a message was published to. `exchange: ''` is the default exchange, whose routing key is a queue's name. */
export interface Route {
  readonly exchange: string;
  readonly routingKey: string;
}
