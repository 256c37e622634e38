import type { FailoverStrategy } from '@ctq/messaging';
import type { Duration } from '@ctq/runtime';
import type { SettingsTable } from '../setting.js';
import {
  duration,
  failover,
  integer,
  oneOf,
  optional,
  options,
  type Options,
  retries,
  text,
  truth,
  truthOrOptions,
  urls,
} from '../setting-types.js';

/** Broker: what may be given. */
export interface BrokerSettings {
  /** Where the broker is; several addresses of one broker as a list, or with `;` between them. */
  brokerUrl: string | readonly string[] | null;
  /** Another URL for consuming, or a list. */
  brokerReadUrl: string | readonly string[] | null;
  /** Another URL for publishing, or a list. */
  brokerWriteUrl: string | readonly string[] | null;
  /** Transport of a URL without scheme. */
  brokerTransport: string | null;
  /** Options of the transport, beside its URL. */
  brokerTransportOptions: Options;
  /** How long one attempt to connect may take; 0 for as long as the transport likes. */
  brokerConnectionTimeout: Duration;
  /** Connect again when the connection was lost. */
  brokerConnectionRetry: boolean;
  /** The same for the first connection; as `brokerConnectionRetry` when unset. */
  brokerConnectionRetryOnStartup: boolean | null;
  /** Rounds of attempts to connect after the first, each of which tries every address; null or 0 for ever. */
  brokerConnectionMaxRetries: number | null;
  /** A worker whose queues are refused when it starts tries again, as `brokerConnectionRetry` says. */
  brokerChannelErrorRetry: boolean;
  /** Order in which the addresses of a list are tried; default `round-robin`. A function is given the URLs, and gives them in its order. */
  brokerFailoverStrategy: FailoverStrategy<string> | null;
  /** Interval of AMQP heartbeats; null for none. */
  brokerHeartbeat: Duration | null;
  /** SASL mechanism: `PLAIN`, `AMQPLAIN` or `EXTERNAL`. */
  brokerLoginMethod: string | null;
  /** Type of the queues that hold messages with an ETA on RabbitMQ. */
  brokerNativeDelayedDeliveryQueueType: 'quorum' | 'classic';
  /** TLS, or its options. */
  brokerUseSsl: boolean | Options;
  /** Host of the broker, in parts instead of a URL. */
  brokerHost: string | null;
  /** Port of the broker. */
  brokerPort: number | null;
  /** User at the broker. */
  brokerUser: string | null;
  /** Password at the broker. */
  brokerPassword: string | null;
  /** Virtual host at the broker. */
  brokerVhost: string | null;
  /** When a publish that the broker has not confirmed is given up, retries included; null or 0 for never. */
  brokerPublishTimeout: Duration | null;
}

export const brokerSettings: SettingsTable<BrokerSettings> = {
  brokerUrl: {
    type: optional(urls),
    default: undefined,
    status: 'effective',
    old: ['BROKER_URL'],
    doc: 'Where the broker is; several addresses of one broker as a list, or with `;` between them.',
  },
  brokerReadUrl: {
    type: optional(urls),
    default: undefined,
    status: 'effective',
    old: ['BROKER_READ_URL'],
    doc: 'Another URL for consuming, or a list.',
  },
  brokerWriteUrl: {
    type: optional(urls),
    default: undefined,
    status: 'effective',
    old: ['BROKER_WRITE_URL'],
    doc: 'Another URL for publishing, or a list.',
  },
  brokerTransport: {
    type: optional(text),
    default: undefined,
    status: 'effective',
    old: ['BROKER_TRANSPORT'],
    doc: 'Transport of a URL without scheme.',
  },
  brokerTransportOptions: {
    type: options,
    default: {},
    status: 'effective',
    old: ['BROKER_TRANSPORT_OPTIONS'],
    doc: 'Options of the transport, beside its URL.',
  },
  brokerConnectionTimeout: {
    type: duration,
    default: 4,
    status: 'effective',
    old: ['BROKER_CONNECTION_TIMEOUT'],
    doc: 'How long one attempt to connect may take; 0 for as long as the transport likes.',
  },
  brokerConnectionRetry: {
    type: truth,
    default: true,
    status: 'effective',
    old: ['BROKER_CONNECTION_RETRY'],
    doc: 'Connect again when the connection was lost.',
  },
  brokerConnectionRetryOnStartup: {
    type: optional(truth),
    default: undefined,
    status: 'effective',
    old: ['BROKER_CONNECTION_RETRY_ON_STARTUP'],
    doc: 'The same for the first connection; as `brokerConnectionRetry` when unset.',
  },
  brokerConnectionMaxRetries: {
    type: retries,
    default: 100,
    status: 'effective',
    old: ['BROKER_CONNECTION_MAX_RETRIES'],
    doc: 'Rounds of attempts to connect after the first, each of which tries every address; null or 0 for ever.',
  },
  brokerChannelErrorRetry: {
    type: truth,
    default: false,
    status: 'effective',
    old: ['BROKER_CHANNEL_ERROR_RETRY'],
    doc: 'A worker whose queues are refused when it starts tries again, as `brokerConnectionRetry` says.',
  },
  brokerFailoverStrategy: {
    type: optional(failover),
    default: undefined,
    status: 'effective',
    old: ['BROKER_FAILOVER_STRATEGY'],
    doc: 'Order in which the addresses of a list are tried; default `round-robin`. A function is given the URLs, and gives them in its order.',
  },
  brokerHeartbeat: {
    type: optional(duration),
    default: 120,
    status: 'effective',
    old: ['BROKER_HEARTBEAT'],
    doc: 'Interval of AMQP heartbeats; null for none.',
  },
  brokerLoginMethod: {
    type: optional(text),
    default: undefined,
    status: 'effective',
    old: ['BROKER_LOGIN_METHOD'],
    doc: 'SASL mechanism: `PLAIN`, `AMQPLAIN` or `EXTERNAL`.',
  },
  brokerNativeDelayedDeliveryQueueType: {
    type: oneOf('quorum', 'classic'),
    default: 'quorum',
    status: 'effective',
    old: ['BROKER_NATIVE_DELAYED_DELIVERY_QUEUE_TYPE'],
    doc: 'Type of the queues that hold messages with an ETA on RabbitMQ.',
  },
  brokerUseSsl: {
    type: truthOrOptions,
    default: false,
    status: 'effective',
    old: ['BROKER_USE_SSL'],
    doc: 'TLS, or its options.',
  },
  brokerHost: {
    type: optional(text),
    default: undefined,
    status: 'effective',
    old: ['BROKER_HOST'],
    doc: 'Host of the broker, in parts instead of a URL.',
  },
  brokerPort: {
    type: optional(integer(0)),
    default: undefined,
    status: 'effective',
    old: ['BROKER_PORT'],
    doc: 'Port of the broker.',
  },
  brokerUser: {
    type: optional(text),
    default: undefined,
    status: 'effective',
    old: ['BROKER_USER'],
    doc: 'User at the broker.',
  },
  brokerPassword: {
    type: optional(text),
    default: undefined,
    status: 'effective',
    old: ['BROKER_PASSWORD'],
    doc: 'Password at the broker.',
  },
  brokerVhost: {
    type: optional(text),
    default: undefined,
    status: 'effective',
    old: ['BROKER_VHOST'],
    doc: 'Virtual host at the broker.',
  },
  brokerPublishTimeout: {
    type: optional(duration),
    default: 30,
    status: 'effective',
    old: [],
    doc: 'When a publish that the broker has not confirmed is given up, retries included; null or 0 for never.',
  },
};
