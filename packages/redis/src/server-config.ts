import {
  assertKnownOptions,
  camelCaseOptions,
  celeryTlsNames,
  OptionReader,
  type TlsConfig,
  tlsConfig,
} from '@ctq/runtime';
import { type ClientOptions, type NatMap, type RedisClient, takenOver } from './given-client.js';
import { type HostPort, maskedUrl, parseRedisUrl, type RedisUrl } from './redis-url.js';
import type { CredentialProvider, Credentials } from './server-options.js';

/** How the server is found. */
export type Reach =
  | { readonly kind: 'address'; readonly address: HostPort }
  | { readonly kind: 'socket'; readonly path: string }
  | SentinelReach
  | ClusterReach;

/** Sentinels are asked where the master is. */
export interface SentinelReach {
  readonly kind: 'sentinel';
  readonly sentinels: readonly HostPort[];
  readonly masterName: string;
  readonly minOtherSentinels: number;
  readonly login: Credentials;
  readonly tls?: TlsConfig;
}

/** Nodes of a cluster are asked who has the slot of all keys. */
export interface ClusterReach {
  readonly kind: 'cluster';
  readonly nodes: readonly HostPort[];
  /** A key of the slot. */
  readonly key: string;
  /** Is asked in place of nodes, where the program gave its own. */
  readonly client?: RedisClient;
}

/** Checked, with defaults. Structured-cloneable, unless a function or a client was given. */
export interface RedisServerConfig {
  /** For banners and errors: without passwords. */
  readonly url: string;
  readonly reach: Reach;
  readonly db: number;
  readonly login: Credentials | CredentialProvider;
  readonly tls?: TlsConfig;
  readonly natMap?: NatMap;
  readonly connectTimeoutMs: number;
  readonly socketTimeoutMs?: number;
  /** Undefined: TCP does not look after idle connections. */
  readonly keepAliveMs?: number;
  /** 0: never. */
  readonly healthCheckMs?: number;
  readonly clientName: string;
  /** Options of ioredis that are given through. */
  readonly base: Readonly<Record<string, unknown>>;
}

export interface ServerDefaults {
  /** For errors: `redis`, `redisBackend`. */
  readonly adapter: string;
  /** What stands before every key: it has to name one slot in a cluster. */
  readonly keyPrefix: string;
  /** How many connections ctq needs at once. */
  readonly connections: number;
  readonly socketTimeoutMs?: number;
}

/** localhost:6379, database 0, or what other options say. */
const defaultUrl = 'redis://';

/**
 * Of options in camelCase whose names were checked.
 * @throws ConfigurationError for values that cannot be used, and for those that contradict each other.
 */
export function redisServerConfig(
  options: Readonly<Record<string, unknown>>,
  defaults: ServerDefaults,
): RedisServerConfig {
  const { adapter } = defaults;
  const read = new OptionReader(adapter, options);
  const place = read.raw('client') === undefined ? fromUrl(read, options, defaults) : fromClient(read, defaults);
  return {
    ...place,
    ...clientSettings(read, defaults, place.connectTimeoutMs),
    login: credentials(read) ?? place.login,
  };
}

type Place = Pick<RedisServerConfig, 'url' | 'reach' | 'db' | 'tls' | 'natMap' | 'base'> & {
  readonly login: Credentials;
  readonly connectTimeoutMs?: number;
};

function fromUrl(
  read: OptionReader,
  options: Readonly<Record<string, unknown>>,
  { adapter, keyPrefix }: ServerDefaults,
): Place {
  const [host, port] = [read.text('host'), read.count('port')];
  const parsed = parseRedisUrl(read.text('url') ?? defaultUrl, {
    ...(host === undefined ? {} : { host }),
    ...(port === undefined ? {} : { port }),
  });
  const username = parsed.username ?? read.text('username');
  const password = parsed.password ?? read.text('password');
  const tls = tlsOf(read, options, parsed, adapter);
  const url: RedisUrl = {
    ...parsed,
    tls: tls !== undefined,
    db: parsed.db ?? database(read),
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
  };
  return {
    url: maskedUrl(url),
    reach: reachOf(read, url, adapter, keyPrefix),
    db: url.db ?? 0,
    login: { username, password },
    ...(tls === undefined ? {} : { tls }),
    base: {},
  };
}

function reachOf(read: OptionReader, url: RedisUrl, adapter: string, keyPrefix: string): Reach {
  const [address = { host: 'localhost', port: 6379 }] = url.hosts;
  if (url.kind === 'address') return { kind: 'address', address };
  if (url.kind === 'socket') return { kind: 'socket', path: url.path ?? '' };
  if (url.kind === 'cluster') {
    if (url.db !== undefined && url.db !== 0) throw read.refused('db', 'is 0 in a cluster.');
    return { kind: 'cluster', nodes: url.hosts, key: slotKey(read, keyPrefix) };
  }
  const masterName = read.text('masterName');
  // kombu 5.6 transport/redis.py, SentinelChannel._sentinel_managed_pool
  if (masterName === undefined)
    throw read.refused('masterName', 'must be given: the name under which the sentinels know the server.');
  const given = camelCaseOptions(read.map('sentinelKwargs') ?? {});
  assertKnownOptions(`${adapter}'s sentinelKwargs`, given, ['username', 'password', 'ssl', 'tls', ...celeryTlsNames]);
  const kwargs = new OptionReader(adapter, given);
  const tls = tlsGiven(kwargs, given, adapter, 'ssl') ?? tlsGiven(kwargs, given, adapter, 'tls');
  return {
    kind: 'sentinel',
    sentinels: url.hosts,
    masterName,
    minOtherSentinels: read.count('minOtherSentinels') ?? 0,
    login: { username: kwargs.text('username'), password: kwargs.text('password') },
    ...(tls === undefined ? {} : { tls }),
  };
}

/** With the braces of a hash tag in what stands before every key, all keys are in one slot. */
function slotKey(read: OptionReader, keyPrefix: string): string {
  if (/^[^{]*\{[^}]+\}/.test(keyPrefix)) return keyPrefix;
  throw read.refused(
    'globalKeyprefix',
    `must have a hash tag in a cluster, so that all keys are in one slot; it is '${keyPrefix}'. Write globalKeyprefix: '{ctq}:'.`,
  );
}

function database(read: OptionReader): number {
  const value = read.raw('virtualHost') ?? read.raw('db') ?? 0;
  const text = String(value).replaceAll(/^\/+|\/+$/g, '');
  if (/^\d*$/.test(text)) return Number(text);
  // kombu 5.6 transport/redis.py, Channel._prepare_virtual_host
  throw read.refused('db', `is the number of a database, between 0 and the server's limit - 1, not '${text}'.`);
}

function tlsOf(
  read: OptionReader,
  options: Readonly<Record<string, unknown>>,
  url: RedisUrl,
  adapter: string,
): TlsConfig | undefined {
  if (url.tls && read.raw('tls') === false)
    throw read.refused('tls', 'is false, and the scheme of the URL is with TLS.');
  const given = tlsGiven(read, url.kind === 'sentinel' || url.tls ? options : {}, adapter, 'tls', url.tls);
  if (given !== undefined && url.kind === 'socket') throw read.refused('tls', 'cannot be had on a unix socket.');
  if (given === undefined && celeryTlsNames.some((name) => read.raw(name) !== undefined))
    throw read.refused('ssl…', 'is given, and TLS is not: write rediss:// or give tls.');
  return given;
}

/** The options under a name, and those beside it. */
function tlsGiven(
  read: OptionReader,
  beside: Readonly<Record<string, unknown>>,
  adapter: string,
  name: 'tls' | 'ssl',
  isOn = false,
): TlsConfig | undefined {
  const given = read.raw(name);
  const isTruth = given === undefined || typeof given === 'boolean' || given === 'true' || given === 'false';
  const map = isTruth ? {} : (read.map(name) ?? {});
  const names = celeryTlsNames.filter((option) => beside[option] != null);
  if (!isOn && (isTruth ? read.truth(name) !== true : false) && names.length === 0) return undefined;
  return tlsConfig(adapter, { ...map, ...Object.fromEntries(names.map((option) => [option, beside[option]])) });
}

function fromClient(read: OptionReader, { keyPrefix }: ServerDefaults): Place {
  const client = read.raw('client') as RedisClient;
  if (typeof client !== 'object' || typeof client.options !== 'object' || typeof client.call !== 'function')
    throw read.bad('client', 'a client of ioredis, Redis or Cluster');
  for (const name of ['url', 'host', 'port', 'db', 'virtualHost', 'username', 'password', 'tls', 'masterName'])
    if (read.raw(name) !== undefined)
      throw read.refused(name, "and 'client' are given, which both say how the server is reached.");
  const given = client.options as ClientOptions;
  const options: ClientOptions = client.isCluster === true ? (given.redisOptions ?? {}) : given;
  if ((given.keyPrefix ?? '') !== '' || (options.keyPrefix ?? '') !== '')
    throw read.refused(
      'client',
      "has a keyPrefix, which channels and Python programs do not have: use 'globalKeyprefix' in its place.",
    );
  const login = { username: options.username ?? undefined, password: options.password ?? undefined };
  const db = options.db ?? 0;
  const { reach, host } = reachOfClient(read, client, given, keyPrefix);
  const usesTls = options.tls != null && (reach.kind !== 'sentinel' || given.enableTLSForSentinelMode === true);
  const tls = usesTls ? { node: { ...options.tls }, files: {}, isUnchecked: uncheckedOf(options.tls) } : undefined;
  const natMap = given.natMap ?? undefined;
  const url = maskedUrl({
    kind: reach.kind,
    hosts: host,
    tls: tls !== undefined,
    db,
    ...(reach.kind === 'socket' ? { path: reach.path } : {}),
    ...(login.username === undefined ? {} : { username: login.username }),
    ...(login.password === undefined ? {} : { password: login.password }),
  });
  return {
    url,
    reach,
    db,
    login,
    ...(tls === undefined ? {} : { tls }),
    ...(natMap === undefined ? {} : { natMap }),
    ...(options.connectTimeout == null ? {} : { connectTimeoutMs: options.connectTimeout }),
    base: takenOver(options),
  };
}

function reachOfClient(
  read: OptionReader,
  client: RedisClient,
  options: ClientOptions,
  keyPrefix: string,
): { readonly reach: Reach; readonly host: readonly HostPort[] } {
  if (client.isCluster === true)
    return { reach: { kind: 'cluster', nodes: [], key: slotKey(read, keyPrefix), client }, host: [] };
  if (options.sentinels != null) {
    const sentinels = options.sentinels.map(({ host = 'localhost', port = 26_379 }) => ({ host, port }));
    const tls = options.sentinelTLS == null ? undefined : tlsConfig('sentinelTLS', { ...options.sentinelTLS });
    const reach: SentinelReach = {
      kind: 'sentinel',
      sentinels,
      masterName: options.name ?? '',
      minOtherSentinels: 0,
      login: { username: options.sentinelUsername ?? undefined, password: options.sentinelPassword ?? undefined },
      ...(tls === undefined ? {} : { tls }),
    };
    return { reach, host: sentinels };
  }
  if (options.path != null && options.path !== '') return { reach: { kind: 'socket', path: options.path }, host: [] };
  const address = { host: options.host ?? 'localhost', port: options.port ?? 6379 };
  return { reach: { kind: 'address', address }, host: [address] };
}

function uncheckedOf(tls: object | null | undefined): TlsConfig['isUnchecked'] {
  return (tls as { rejectUnauthorized?: unknown } | null)?.rejectUnauthorized === false ? 'certificate' : undefined;
}

function credentials(read: OptionReader): CredentialProvider | undefined {
  const provider = read.raw('credentialProvider');
  if (provider === undefined || typeof provider === 'function') return provider as CredentialProvider | undefined;
  throw read.bad(
    'credentialProvider',
    'a function that gives { username, password }; names of Python classes cannot be loaded',
  );
}

function clientSettings(
  read: OptionReader,
  defaults: ServerDefaults,
  connectTimeoutMs = 5_000,
): Pick<RedisServerConfig, 'connectTimeoutMs' | 'socketTimeoutMs' | 'keepAliveMs' | 'healthCheckMs' | 'clientName'> {
  const limit = read.count('maxConnections');
  if (limit !== undefined && limit < defaults.connections)
    throw read.refused('maxConnections', `is ${limit}, and ${defaults.connections} connections are needed.`);
  const timeout = read.duration('connectTimeout') ?? read.duration('socketConnectTimeout') ?? connectTimeoutMs;
  if (timeout < 1) throw read.bad('connectTimeout', 'a duration above 0');
  const socketTimeout = read.duration('socketTimeout') ?? defaults.socketTimeoutMs ?? 0;
  const keepAlive = keepAliveMs(read);
  const healthCheckMs = read.duration('healthCheckInterval');
  return {
    connectTimeoutMs: timeout,
    ...(socketTimeout > 0 ? { socketTimeoutMs: socketTimeout } : {}),
    ...(keepAlive === undefined ? {} : { keepAliveMs: keepAlive }),
    ...(healthCheckMs === undefined ? {} : { healthCheckMs }),
    clientName: read.text('clientName') ?? 'ctq',
  };
}

function keepAliveMs(read: OptionReader): number | undefined {
  if (read.truth('socketKeepalive') === false) return undefined;
  const options = read.map('socketKeepaliveOptions') ?? {};
  // 4 is what Python knows it as on Linux.
  const { TCP_KEEPIDLE: idle, 4: numbered = idle, ...others } = options;
  const [other] = Object.keys(others);
  if (other !== undefined)
    throw read.refused(
      'socketKeepaliveOptions',
      `has '${other}'; Node sets TCP_KEEPIDLE alone, the others are the system's.`,
    );
  const seconds = numbered ?? 10;
  if (typeof seconds === 'number' && seconds > 0) return seconds * 1_000;
  throw read.bad('socketKeepaliveOptions', 'an object like { TCP_KEEPIDLE: 10 }, in seconds');
}
