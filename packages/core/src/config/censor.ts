import { inspect } from 'node:util';
import { maskUrl } from '../app/mask-url.js';

/** What stands for a secret (celery 5.6 app/utils.py, filter_hidden_settings). */
export const censored = '********';

/** Celery's list (app/utils.py, HIDDEN_SETTINGS), and what options of Node.js libraries and servers are called. */
const secretName =
  /api|token|key|secret|pass|pwd|signature|database|credential|auth|pfx|cookie|private|sas$|profanities_list|beat_?dburi/i;

/** By name alone; some are hidden for nothing (`taskDefaultRoutingKey`), by Celery too. */
export function isSecretName(name: string): boolean {
  return secretName.test(name);
}

/**
 * A value of a setting that people may see: secrets by their names are hidden at any depth, URLs lose their passwords wherever they stand, and what
 * is no plain data is only named, since nobody knows what is in it.
 */
export function censor(name: string, value: unknown): unknown {
  return hide(name, value, new Set());
}

function hide(name: string, value: unknown, above: ReadonlySet<object>): unknown {
  if (value === undefined || value === null || typeof value === 'boolean') return value;
  // URLs of brokers and backends are worth more to whoever reads a report than asterisks.
  const isUrl = /broker_?(?:read_?|write_?)?url|result_?backend$/i.test(name);
  if (!isUrl && isSecretName(name)) return censored;
  if (typeof value === 'string') return maskText(value);
  if (typeof value === 'function') return named(value);
  if (typeof value !== 'object') return value;
  if (above.has(value)) return new Shown('[Circular]');
  const here = new Set(above).add(value);
  if (Array.isArray(value))
    return isSecretPair(value) ? [value[0], censored] : value.map((item) => hide(name, item, here));
  if (value instanceof Date || value instanceof RegExp) return value;
  if (value instanceof Map)
    return new Map([...value].map(([key, one]) => [hide('', key, here), hide(String(key), one, here)]));
  if (value instanceof Set) return new Set([...value].map((one) => hide(name, one, here)));
  if (value instanceof URL) return maskText(value.href);
  if (!isPlain(value)) return named(value.constructor);
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [maskText(key), hide(key, one, here)]));
}

/** `['authorization', …]`, as headers are given. */
function isSecretPair(value: readonly unknown[]): boolean {
  const [name] = value;
  return value.length === 2 && typeof name === 'string' && /^[\w.-]+$/.test(name) && isSecretName(name);
}

/** Shown as it is, without quotes. */
class Shown {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  [inspect.custom](): string {
    return this.#text;
  }

  toJSON(): string {
    return this.#text;
  }
}

function named(value: unknown): Shown {
  const name = typeof value === 'function' ? value.name : '';
  return new Shown(`[${name === '' ? 'function' : name}]`);
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

/** A text in which there may be URLs with passwords, or `password=…` as in connection strings and queries. */
export function maskText(text: string): string {
  return text
    .split(/([\s;,|"'<>]+)(?=[a-z][a-z0-9+.-]*:\/\/)/i)
    .map((part) => (part.includes('://') ? maskOneUrl(part) : part.replaceAll(login, '$1:**@')))
    .join('')
    .replaceAll(assignment, (_, before: string) => `${before}**`);
}

/** `AccountKey=…;`, `password=… host=…`, `&api_key=…`. */
const assignment =
  /((?:^|[\s?&;,])[\w.-]*(?:pass|pwd|secret|token|credential|signature|key|auth)[\w.-]*\s*=\s*)(?:"[^"]*"|'[^']*'|[^\s&;,]*)/gi;

/** `user:password@host`, a URL whose scheme is said elsewhere. */
const login = /((?:^|[\s;,])[^\s:@/;,]*):\S*@(?=[\w[])/g;

/** What cannot be told from a password is one: an authority that is no list of hosts with ports. */
function maskOneUrl(url: string): string {
  const masked = maskUrl(url);
  const [, scheme = '', authority = ''] = /^([a-z][a-z0-9+.-]*:\/\/)([^/?#]*)/i.exec(masked) ?? [];
  const hosts = authority.slice(authority.lastIndexOf('@') + 1);
  const isHosts = hosts.split(',').every((host) => /^(?:\[[\da-f:.%]*\]|[^:[\]\s]*)(?::\d*)?$/i.test(host));
  return isHosts ? masked : `${scheme}**`;
}
