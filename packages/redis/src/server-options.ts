import type { Duration } from '@ctq/runtime';
import type { RedisClient } from './given-client.js';
import { celeryTlsNames, type CeleryTlsOptions, type TlsOptions } from '@ctq/runtime';

/** User and password, asked for at every connection. */
export interface Credentials {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
}

export type CredentialProvider = () => Credentials | Promise<Credentials>;

/** redis-py's options of the connections to sentinels. */
export interface SentinelOptions extends CeleryTlsOptions {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** TLS to the sentinels: true, or its options. */
  readonly ssl?: TlsOptions | undefined;
  readonly tls?: TlsOptions | undefined;
}

/**
 * How a Redis is reached: what the transport and the result backend have in common. Kombu's and redis-py's spelling (`socket_timeout`) is understood as well.
 */
export interface RedisServerOptions extends CeleryTlsOptions {
  /**
   * `redis://user:password@host:6379/0`, `rediss://…` for TLS, `redis+socket:///path?virtual_host=0`, `sentinel://host:26379/0;sentinel://…`,
   * `redis+cluster://host,host`. Default `redis://localhost:6379/0`.
   */
  readonly url?: string;
  /** A client of ioredis, `Redis` or `Cluster`, in place of a URL: ctq's connections are made as this one is. It is not used itself, and never closed. */
  readonly client?: RedisClient;
  /** What the URL leaves out. */
  readonly host?: string;
  readonly port?: number;
  readonly db?: number;
  readonly username?: string;
  readonly password?: string;
  /** In place of user and password. */
  readonly credentialProvider?: CredentialProvider;
  /** TLS, as `rediss://` has it; or its options, Node's or redis-py's. */
  readonly tls?: TlsOptions;
  /** The name under which sentinels know the server. */
  readonly masterName?: string;
  /** A sentinel that sees fewer others is not believed. Default 0. */
  readonly minOtherSentinels?: number;
  /** Options of the connections to the sentinels themselves. */
  readonly sentinelKwargs?: SentinelOptions;
  /** How long an attempt to connect to one server may take. Default 5 s. */
  readonly connectTimeout?: Duration;
  /** Kombu's name of `connectTimeout`. */
  readonly socketConnectTimeout?: Duration;
  /** A connection on which nothing comes for so long, while replies are awaited, is given up. */
  readonly socketTimeout?: Duration;
  /** Whether TCP looks after idle connections. Default true. */
  readonly socketKeepalive?: boolean;
  /** `{ TCP_KEEPIDLE: seconds }`: how long a connection is idle before TCP looks. Default 10 s. Node sets no other. */
  readonly socketKeepaliveOptions?: Readonly<Record<string, number>>;
  /**
   * How often a connection that only listens is asked whether it is alive, when it heard nothing (where commands are under way that is seen by their answers).
   * Default a minute for messages, 10 s while results are awaited; 0 never.
   */
  readonly healthCheckInterval?: Duration;
  /** A limit; ctq needs two connections for each of its own (commands, listening), the transport three (leases are renewed on one more). */
  readonly maxConnections?: number;
  /** How connections are named on the server. Default `ctq`. */
  readonly clientName?: string;
}

export const serverOptionNames: readonly (keyof RedisServerOptions | 'virtualHost')[] = [
  ...(['url', 'client', 'host', 'port', 'db', 'virtualHost', 'username', 'password', 'credentialProvider'] as const),
  ...(['tls', 'masterName', 'minOtherSentinels', 'sentinelKwargs', 'connectTimeout', 'socketConnectTimeout'] as const),
  ...(['socketTimeout', 'socketKeepalive', 'socketKeepaliveOptions', 'healthCheckInterval', 'maxConnections'] as const),
  'clientName',
  ...celeryTlsNames,
];
