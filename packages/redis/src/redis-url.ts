import { ConfigurationError } from '@ctq/runtime';

/** A server's or a sentinel's TCP address. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** What a URL says. */
export interface RedisUrl {
  readonly kind: 'address' | 'socket' | 'sentinel' | 'cluster';
  /** One for an address, none for a socket; all sentinels, or the nodes of a cluster that are asked first. */
  readonly hosts: readonly HostPort[];
  /** Of a unix socket. */
  readonly path?: string;
  readonly db?: number;
  readonly username?: string;
  readonly password?: string;
  /** Encrypted by its scheme. */
  readonly tls: boolean;
}

const forms = [
  'redis://[[user]:password@]host[:6379][/db] (rediss://… for TLS; valkey:// and valkeys:// are the same)',
  'redis+socket:///path?virtual_host=db',
  'sentinel://host[:26379][/db];sentinel://host…?master_name=name',
  'redis+cluster://host[:6379],host… (rediss+cluster://…)',
].join(', ');

interface Scheme {
  readonly kind: RedisUrl['kind'];
  readonly tls: boolean;
  readonly port: number;
}

const schemes = new Map<string, Scheme>([
  ['redis', { kind: 'address', tls: false, port: 6379 }],
  ['rediss', { kind: 'address', tls: true, port: 6379 }],
  ['valkey', { kind: 'address', tls: false, port: 6379 }],
  ['valkeys', { kind: 'address', tls: true, port: 6379 }],
  ['redis+socket', { kind: 'socket', tls: false, port: 0 }],
  ['socket', { kind: 'socket', tls: false, port: 0 }],
  ['unix', { kind: 'socket', tls: false, port: 0 }],
  ['sentinel', { kind: 'sentinel', tls: false, port: 26_379 }],
  ['redis+cluster', { kind: 'cluster', tls: false, port: 6379 }],
  ['rediss+cluster', { kind: 'cluster', tls: true, port: 6379 }],
]);

/** scheme, user and password, hosts, path. Parsed here, because Node's errors about URLs carry the whole text, with its password. */
const form = /^([a-z][a-z0-9+.-]*):\/\/(?:([^/?#]*)@)?([^/?#@]*)(\/[^?#]*)?$/i;

/**
 * The URLs of Kombu's and Celery's Redis, and those of its Sentinel (kombu 5.6 transport/redis.py, Channel._connparams and SentinelChannel; celery 5.6
 * backends/redis.py, _params_from_url), without their query; and `redis+cluster://`, which is ctq's own. Sentinels are separated by `;`, each with its
 * scheme or without: the text is one address.
 * @param leftOut what stands for a single server's host and port where the URL has none
 * @throws ConfigurationError for what is none of the forms. The text is not in it.
 */
export function parseRedisUrl(url: string, leftOut: Partial<HostPort> = {}): RedisUrl {
  const parts = splitParts(url).map((part) => parsePart(part, leftOut));
  const [first] = parts;
  if (first === undefined) throw badUrl('it is empty');
  const { kind, tls } = first;
  if (parts.some((part) => part.kind !== kind || part.tls !== tls)) throw badUrl('it mixes schemes');
  const hosts = parts.flatMap((part) => part.hosts);
  if (kind === 'address' && hosts.length !== 1)
    throw badUrl('it names several servers; only sentinel:// and redis+cluster:// do');
  if (kind === 'socket' && parts.length !== 1) throw badUrl('it names several sockets');
  const { path } = first;
  const db = parts.find((part) => part.db !== undefined)?.db;
  if (kind === 'cluster' && db !== undefined && db !== 0) throw badUrl('a cluster has database 0 only');
  // As in Celery, the first host's are everybody's.
  const login = parts.find((part) => part.username !== undefined || part.password !== undefined);
  return {
    kind,
    hosts,
    tls,
    ...(path === undefined ? {} : { path }),
    ...(db === undefined ? {} : { db }),
    ...(login?.username === undefined ? {} : { username: login.username }),
    ...(login?.password === undefined ? {} : { password: login.password }),
  };
}

/**
 * Options in the query of a URL, and the URL without it: `?leaseDuration=5s` and `?lease_duration=5s` are the same as an option. Each part of a list may
 * have a query.
 * @throws ConfigurationError for options of TLS where the scheme is without (celery 5.6 backends/redis.py).
 */
export function splitOptions(url: string): {
  readonly url: string;
  readonly options: Readonly<Record<string, string>>;
} {
  const options: Record<string, string> = {};
  const parts = splitParts(url).map((part) => {
    const at = part.indexOf('?');
    if (at === -1) return part;
    for (const [name, value] of new URLSearchParams(part.slice(at + 1))) options[name] = value;
    return part.slice(0, at);
  });
  const isPlain = /^(?:redis|valkey|redis\+cluster):/i.test(url);
  if (isPlain && Object.keys(options).some((name) => /^ssl_?[A-Za-z]/.test(name)))
    throw badUrl('it has options of TLS in its query, and a scheme without TLS: write rediss://');
  return { url: parts.join(';'), options };
}

/** For banners and errors: without passwords. The scheme is that of the form, not the one that was written. */
export function maskedUrl({ kind, hosts, path, db = 0, username, password, tls }: RedisUrl): string {
  const user = username === undefined && password === undefined ? '' : `${encodeURIComponent(username ?? '')}:***@`;
  if (kind === 'socket') return `redis+socket://${user}${path ?? ''}?virtual_host=${db}`;
  const addresses = hosts.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`);
  if (kind === 'address') return `${tls ? 'rediss' : 'redis'}://${user}${addresses.join(',')}/${db}`;
  if (kind === 'cluster') return `${tls ? 'rediss' : 'redis'}+cluster://${user}${addresses.join(',')}`;
  return addresses.map((address, index) => `sentinel://${index === 0 ? user : ''}${address}/${db}`).join(';');
}

/** A `;` that begins another URL; others may stand in a password. */
function splitParts(url: string): readonly string[] {
  return url
    .split(/;(?=[a-z][a-z0-9+.-]*:\/\/)/i)
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function parsePart(part: string, leftOut: Partial<HostPort>): RedisUrl {
  const [, name, login, authority = '', rawPath = ''] = form.exec(part) ?? [];
  const scheme = name === undefined ? undefined : schemes.get(name.toLowerCase());
  if (name === undefined) {
    const query = part.includes('?');
    throw badUrl(query ? 'options in the query are not read here: give them as options' : 'it cannot be read');
  }
  if (scheme === undefined) throw badUrl(`the scheme ${name.toLowerCase()}:// is none of Redis`);
  const { kind, tls } = scheme;
  const path = decode(rawPath);
  const common = { kind, tls, ...loginOf(login) };
  if (kind === 'socket') {
    // As Kombu reads it, what stands before the first slash belongs to the path.
    const full = `/${decode(authority)}${path}`.replace(/^\/+/, '/');
    if (full === '/') throw badUrl('a socket needs a path');
    return { ...common, hosts: [], path: full };
  }
  const database = path.replaceAll(/^\/+|\/+$/g, '');
  if (!/^\d*$/.test(database)) {
    // A longer text may be what is left of a password with a slash in it.
    throw badUrl(`the database is a number, not ${/^[\w-]{1,20}$/.test(database) ? `'${database}'` : 'a path'}`);
  }
  const texts = kind === 'address' ? [authority] : authority.split(/[;,]/);
  const defaults = { host: 'localhost', port: scheme.port, ...(kind === 'address' ? leftOut : {}) };
  const hosts = texts.map((text) => hostOf(text, defaults));
  return { ...common, hosts, ...(database === '' ? {} : { db: Number(database) }) };
}

function loginOf(text: string | undefined): Pick<RedisUrl, 'username' | 'password'> {
  if (text === undefined) return {};
  const at = text.indexOf(':');
  const username = decode(at === -1 ? text : text.slice(0, at));
  const password = at === -1 ? '' : decode(text.slice(at + 1));
  return { ...(username === '' ? {} : { username }), ...(password === '' ? {} : { password }) };
}

function hostOf(text: string, defaults: HostPort): HostPort {
  const [whole, bracketed, plain, port] = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(\d*))?$/.exec(text.trim()) ?? [];
  if (whole === undefined) throw badUrl('a host cannot be read');
  const host = decode(bracketed ?? plain ?? '');
  const number = port === undefined || port === '' ? defaults.port : Number(port);
  if (number < 1 || number > 65_535) throw badUrl('a port is from 1 to 65535');
  return { host: host === '' ? defaults.host : host, port: number };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw badUrl('a % in it is no escape: write it as %25');
  }
}

function badUrl(problem: string): ConfigurationError {
  // The URL itself may hold a password.
  return new ConfigurationError('CTQ_BAD_URL', `redis: a URL cannot be used: ${problem}. The forms are ${forms}.`);
}
