import type { HostPort } from './redis-url.js';

/**
 * A `Redis` or a `Cluster` of ioredis, of whichever copy and version of it. Its options are read, and a cluster is asked for its slots; nothing else is
 * sent on it.
 */
export interface RedisClient {
  readonly isCluster?: boolean;
  readonly options: object;
  call(command: string, ...args: string[]): Promise<unknown>;
}

/** Where nodes are, seen from here: for addresses that are told by servers behind a translation. */
export type NatMap =
  | Readonly<Record<string, HostPort>>
  | ((address: string) => { readonly host: string; readonly port: number } | null | undefined);

/** The options of ioredis that are taken over from a given client. The others are ctq's to choose: see `RedisServer`. */
export interface ClientOptions {
  readonly host?: string | null;
  readonly port?: number | null;
  readonly path?: string | null;
  readonly db?: number | null;
  readonly username?: string | null;
  readonly password?: string | null;
  readonly tls?: object | null;
  readonly family?: number | null;
  readonly keyPrefix?: string | null;
  readonly connectTimeout?: number | null;
  readonly natMap?: NatMap | null;
  readonly sentinels?: readonly { readonly host?: string; readonly port?: number }[] | null;
  readonly name?: string | null;
  readonly sentinelUsername?: string | null;
  readonly sentinelPassword?: string | null;
  readonly sentinelTLS?: object | null;
  readonly enableTLSForSentinelMode?: boolean;
  /** Of a cluster: those of its nodes. */
  readonly redisOptions?: ClientOptions;
}

/** Taken over as they are. */
const taken = ['family', 'noDelay', 'commandTimeout', 'disableClientInfo', 'clientInfoTag'];

/** Options of each connection that only ioredis knows of. A `Connector` makes the connections itself. */
export function takenOver(options: ClientOptions): Readonly<Record<string, unknown>> {
  const given = options as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    [...taken, 'Connector'].map((name) => [name, given[name]] as const).filter(([, value]) => value != null),
  );
}

export function translated({ host, port }: HostPort, natMap: NatMap | undefined): HostPort {
  const address = `${host}:${port}`;
  const found = typeof natMap === 'function' ? natMap(address) : natMap?.[address];
  return found ?? { host, port };
}
