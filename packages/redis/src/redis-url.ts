import { ConfigurationError } from '@ctq/runtime';

/** Where a URL leads. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  readonly db: number;
  readonly username?: string;
  readonly password?: string;
  /** Encrypted, with the server's certificate checked. */
  readonly tls: boolean;
}

const forms = 'redis://[[user]:password@]host[:6379][/db] or rediss://… for TLS';

/**
 * `redis://` and `rediss://` as Kombu reads them (kombu 5.6 transport/redis.py, Channel._connparams): no path is database 0.
 * @throws ConfigurationError for what is none of the forms.
 */
export function parseRedisUrl(url: string): RedisAddress {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch (cause) {
    throw badUrl('the broker URL cannot be read', cause);
  }
  const { protocol, hostname, port, pathname, search } = parsed;
  if (search !== '') throw badUrl('options in the query are not read here: give them as options');
  if (protocol !== 'redis:' && protocol !== 'rediss:') throw badUrl(`the scheme ${protocol}// is none of Redis`);
  const database = decodeURIComponent(pathname).replaceAll(/^\/+|\/+$/g, '');
  if (!/^\d*$/.test(database)) throw badUrl(`the database is a number, not '${database}'`);
  const username = decodeURIComponent(parsed.username);
  const password = decodeURIComponent(parsed.password);
  return {
    host: hostname === '' ? 'localhost' : hostname.replaceAll(/^\[|\]$/g, ''),
    port: port === '' ? 6379 : Number(port),
    db: Number(database),
    tls: protocol === 'rediss:',
    ...(username === '' ? {} : { username }),
    ...(password === '' ? {} : { password }),
  };
}

/** Options in the query of a URL, and the URL without it: `?leaseDuration=5s` and `?lease_duration=5s` are the same as an option. */
export function splitOptions(url: string): {
  readonly url: string;
  readonly options: Readonly<Record<string, string>>;
} {
  const at = url.indexOf('?');
  if (at === -1) return { url, options: {} };
  return { url: url.slice(0, at), options: Object.fromEntries(new URLSearchParams(url.slice(at + 1))) };
}

/** For banners and errors: without the password. */
export function maskedUrl({ host, port, db, username, password, tls }: RedisAddress): string {
  const user = username === undefined && password === undefined ? '' : `${username ?? ''}:***@`;
  return `${tls ? 'rediss' : 'redis'}://${user}${host.includes(':') ? `[${host}]` : host}:${port}/${db}`;
}

function badUrl(problem: string, cause?: unknown): ConfigurationError {
  // The URL itself may hold a password.
  return new ConfigurationError('CTQ_BAD_URL', `redis: ${problem}. The forms are ${forms}.`, { cause });
}
